using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>
/// A store whose bars are kept a fixed time later than they are. The contract's tests use bars before 1970, which QuestDB refuses;
/// with this around it, everything else about them can be tested.
/// </summary>
internal sealed class LaterHistoryStore(IHistoryStore store) : IHistoryStore
{
    // 800 years: on the grid of every interval of the tests, weeks and months included, for the calendar repeats every 400.
    private const long Later = 292_194L * 86_400;

    public StoreInfo Info => store.Info;

    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) => store.GetStreamsAsync(cancellationToken);

    public async Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Move(await store.GetCoverageAsync(stream, Move(within), cancellationToken), -Later);

    public async IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (BarFrame frame in store.ReadAsync(stream, Move(range)!.Value, cancellationToken))
        {
            yield return Move(frame, -Later);
        }
    }

    public async Task<TimeRangeSet> GetKnownEmptyAsync(StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Move(await store.GetKnownEmptyAsync(stream, source, Move(within), cancellationToken), -Later);

    public async Task<IReadOnlyList<HistorySummary>> SummarizeAsync(
        IReadOnlyCollection<StreamKey>? streams = null, Func<StreamKey, string?>? source = null, CancellationToken cancellationToken = default) =>
        [.. (await store.SummarizeAsync(streams, source, cancellationToken)).Select(
            summary => summary with { Bounds = new TimeRange(summary.Bounds.Start - Later, summary.Bounds.End - Later) })];

    public Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default) =>
        store.WriteAsync(stream, [.. pages.Select(Move)], cancellationToken);

    public Task<RemovedHistory> RemoveAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        store.RemoveAsync(stream, Move(within), cancellationToken);

    public Task<long> ForgetEmptyAsync(StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        store.ForgetEmptyAsync(stream, source, Move(within), cancellationToken);

    public async Task<RevisedHistory> ReviseAsync(StreamKey stream, IReadOnlyList<BarPage> pages, bool trailAdded, CancellationToken cancellationToken = default)
    {
        RevisedHistory revised = await store.ReviseAsync(stream, [.. pages.Select(Move)], trailAdded, cancellationToken);
        return new RevisedHistory(
            Move(revised.Added, -Later),
            Move(revised.Replaced, -Later),
            Move(revised.Empty, -Later),
            [.. revised.Differences.Select(difference => difference with { Timestamp = difference.Timestamp - Later })]);
    }

    public IAsyncEnumerable<BarRevision> ReadRevisionsAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        store.ReadRevisionsAsync(stream, Move(within), cancellationToken).Select(revision => revision with { Timestamp = revision.Timestamp - Later });

    public IReadOnlyList<string> TakeWarnings(StreamKey stream) => store.TakeWarnings(stream);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static BarPage Move(BarPage page) => new(page.Source, Move(page.Frame, Later), Move(page.Asked, Later), Move(page.Empty, Later));

    private static TimeRange? Move(TimeRange? range) =>
        range is { } bounds ? new TimeRange(Math.Min(bounds.Start, long.MaxValue - Later) + Later, Math.Min(bounds.End, long.MaxValue - Later) + Later) : null;

    private static TimeRangeSet Move(TimeRangeSet bars, long by) => new(bars.Interval, bars.Select(range => new TimeRange(range.Start + by, range.End + by)));

    private static BarFrame Move(BarFrame frame, long by) => new(frame.Interval, Array.ConvertAll(frame.Timestamps.ToArray(), timestamp => timestamp + by), frame.Columns);
}
