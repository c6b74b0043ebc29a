using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// A store as the engine sees it while the newest bars of many streams are completed: claimed for it, looked at beforehand, and written to
/// together with other streams. Only a stream of which stored bars differ is revised, by itself.
/// </summary>
/// <param name="store">The real store.</param>
/// <param name="writes">Commits for all streams.</param>
/// <param name="looked">What was stored of the streams when they were claimed; of others the store is asked.</param>
internal sealed class NewestStore(
    IHistoryStore store,
    GatheredWrites writes,
    IReadOnlyDictionary<StreamKey, (TimeRange Range, StoredRange Stored)> looked) : IHistoryStore
{
    /// <inheritdoc/>
    public StoreInfo Info => store.Info;

    /// <inheritdoc/>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) => store.TakeWarnings(stream);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) =>
        store.GetStreamsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Find(stream, within) is { } stored
            ? Task.FromResult(BarsOf(stream, stored.Frames).Intersect(within!.Value))
            : store.GetCoverageAsync(stream, within, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Find(stream, within) is { } stored
            ? Task.FromResult(stored.Empty.Intersect(within!.Value))
            : store.GetKnownEmptyAsync(stream, source, within, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
        store.ReadAsync(stream, range, cancellationToken);

    /// <inheritdoc/>
    public Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default) =>
        writes.WriteAsync(new StreamWrite(stream, pages));

    /// <inheritdoc/>
    /// <remarks>What is only new is written with the others, and what is as it was is not written at all.</remarks>
    public async Task<RevisedHistory> ReviseAsync(
        StreamKey stream, IReadOnlyList<BarPage> pages, bool trailAdded, CancellationToken cancellationToken = default)
    {
        if (pages.Any(page => page.Asked.Bounds is { } asked && Find(stream, asked) is null))
        {
            return await store.ReviseAsync(stream, pages, trailAdded, cancellationToken);
        }

        StoredRange stored = looked[stream].Stored;
        TimeRangeSet bars = BarsOf(stream, stored.Frames);
        if (pages.Any(page => IsAnyDifferent(stored, bars, page)))
        {
            try
            {
                return await store.ReviseAsync(stream, pages, trailAdded, cancellationToken);
            }
            catch (NotSupportedException)
            {
                // A store that keeps no trail: what it has stays as it is, and what is new is not held back by that.
            }
        }

        IReadOnlyList<BarPage> news = bars.IsEmpty ? pages :
        [
            .. pages.Select(page => page with
            {
                Frame = page.Frame.Intersect(page.Frame.ToRangeSet().Subtract(bars)),
                Empty = page.Empty.Subtract(bars),
            }),
        ];
        BarPage[] toWrite = [.. news.Where(page => page.Frame.Count > 0 || !IsKnown(stored, page))];
        if (toWrite.Length > 0)
        {
            // Who needs no claim, such as a recorder, may have been faster than the source.
            await writes.WriteAsync(new StreamWrite(stream, toWrite) { Revises = true });
        }

        TimeRangeSet none = TimeRangeSet.Empty(stream.Interval);
        return new RevisedHistory(
            news.Aggregate(none, static (all, page) => all.Union(page.Frame.ToRangeSet())),
            none,
            news.Aggregate(none, static (all, page) => all.Union(page.Empty)),
            []);
    }

    /// <summary>Nothing: the real store is somebody else's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static TimeRangeSet BarsOf(StreamKey stream, IReadOnlyList<BarFrame> frames) => frames.Count switch
    {
        0 => TimeRangeSet.Empty(stream.Interval),
        1 => frames[0].ToRangeSet(),
        _ => frames.Aggregate(TimeRangeSet.Empty(stream.Interval), static (all, frame) => all.Union(frame.ToRangeSet())),
    };

    private static bool IsAnyDifferent(StoredRange stored, TimeRangeSet bars, BarPage page) => !bars.IsEmpty
        && BarComparison.Find(stored.Frames, page.Frame, page.Empty)
            .Any(static found => found.Kind == BarDifferenceKind.Different && found.IsRepairable);

    // Whether the page has learnt nothing that is not known already.
    private static bool IsKnown(StoredRange stored, BarPage page) => page.Empty.Subtract(stored.Empty).IsEmpty
        && (page.Asked.Bounds is not { } asked || stored.Empty.Intersect(asked).Subtract(page.Empty).IsEmpty);

    private StoredRange? Find(StreamKey stream, TimeRange? within) => within is { } range
        && looked.TryGetValue(stream, out (TimeRange Range, StoredRange Stored) found) && found.Range.Intersect(range) == range
            ? found.Stored
            : null;
}
