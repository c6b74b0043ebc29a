using System.Threading.Channels;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// A store as the engine sees it while bars are compared: it holds nothing, so that a source is asked for everything, and what the engine
/// writes is held against the real store, page by page. Nothing of it is measured or learnt unless it is a repair.
/// </summary>
/// <param name="store">The real store.</param>
/// <param name="repair">Whether what differs is written to it.</param>
/// <param name="learns">Whether a repair notes what the other does not have as empty, too.</param>
/// <param name="tolerance">How far floating-point values may lie apart; what lies nearer is not repaired either.</param>
/// <param name="found">Where the differences of each page go, once; it takes its time.</param>
internal sealed class ComparedStore(
    IHistoryStore store, bool repair, bool learns, ValueTolerance tolerance, ChannelWriter<ComparedPage> found) : IHistoryStore
{
    /// <inheritdoc/>
    /// <remarks>A page at a time: what a page changes is one transaction, and no more than its differences is ever held.</remarks>
    public StoreInfo Info => store.Info with { BarsPerWrite = 1 };

    /// <inheritdoc/>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) => store.TakeWarnings(stream);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) =>
        store.GetStreamsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(TimeRangeSet.Empty(stream.Interval));

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(TimeRangeSet.Empty(stream.Interval));

    /// <inheritdoc/>
    public IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
        store.ReadAsync(stream, range, cancellationToken);

    /// <inheritdoc/>
    public async Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default)
    {
        bool findsAll = repair && learns && tolerance.IsNone;
        IReadOnlyList<BarDifference> differences = findsAll
            ? (await store.ReviseAsync(stream, pages, trailAdded: true, cancellationToken)).Differences
            : await FindAsync(stream, pages, cancellationToken);
        IEnumerable<long> repairable = differences.Where(static found => found.IsRepairable).Select(static found => found.Timestamp);
        var wrong = TimeRangeSet.FromTimestamps(stream.Interval, [.. repairable.Distinct().Order()]);
        if (repair && !findsAll && (learns || !wrong.IsEmpty))
        {
            var none = TimeRangeSet.Empty(stream.Interval);
            await store.ReviseAsync(
                stream,
                [.. pages.Select(page => page with
                {
                    Frame = page.Frame.Intersect(wrong),
                    Asked = learns ? page.Asked : none,
                    Empty = learns ? page.Empty : none,
                })],
                trailAdded: true,
                cancellationToken);
        }

        long bars = pages.Sum(page => page.Frame.Count + page.Empty.BarCount);
        await found.WriteAsync(new ComparedPage(bars, differences), cancellationToken);
    }

    /// <summary>Nothing: the real store is somebody else's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<IReadOnlyList<BarDifference>> FindAsync(
        StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken)
    {
        var differences = new List<BarDifference>();
        foreach (BarPage page in pages)
        {
            TimeRangeSet answered = page.Frame.ToRangeSet().Union(page.Empty);
            if (answered.Bounds is { } bounds)
            {
                List<BarFrame> stored = await store.ReadAsync(stream, bounds, cancellationToken).ToListAsync(cancellationToken);
                differences.AddRange(BarComparison.Find(stored, page.Frame, page.Empty, tolerance));
            }
        }

        return differences;
    }
}

/// <summary>What the comparison of a page has found.</summary>
/// <param name="Bars">How many bars the source gave or proved not to have.</param>
/// <param name="Differences">The differences, ascending within an answer.</param>
internal sealed record ComparedPage(long Bars, IReadOnlyList<BarDifference> Differences);
