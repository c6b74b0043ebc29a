using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Reads a stream once, a page at a time, and tells what is wrong with its bars.</summary>
public static class HistoryExamination
{
    private const int DefaultBarsPerRequest = 1000;

    /// <summary>Examines what a provider holds. Of a store of this library, rows that are no bars of the stream are found, too.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="stream">The stream; one that it does not know has nothing wrong.</param>
    /// <param name="range">The bars, by their opens, both ends included.</param>
    /// <param name="options">What is looked for; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The findings, in the order of time within each page; a run of bars when it ends.</returns>
    public static async IAsyncEnumerable<BarFinding> ExamineAsync(
        IHistoryProvider provider,
        StreamKey stream,
        TimeRange range,
        ExaminationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        var examiner = new BarExaminer(stream, options);
        IAsyncEnumerable<BarFrame> frames = provider.Store is { } store
            ? store.ReadAsync(stream, range, time => examiner.AddPassedOver(time), cancellationToken)
            : provider.FetchAsync(stream, range, cancellationToken);
        await foreach (BarFrame frame in frames.WithCancellation(cancellationToken))
        {
            foreach (BarFinding finding in examiner.Add(frame))
            {
                yield return finding;
            }
        }

        foreach (BarFinding finding in examiner.Complete())
        {
            yield return finding;
        }
    }

    /// <summary>Examines what a source answers, before anything of it is stored.</summary>
    /// <param name="source">The source.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="range">The bars, by their opens, both ends included.</param>
    /// <param name="options">What is looked for; null for the defaults.</param>
    /// <param name="timeProvider">The clock that tells which bars have closed; null for the system's.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The findings, in the order of time within each page; a run of bars when it ends.</returns>
    /// <exception cref="SourceException">The source cannot answer.</exception>
    public static async IAsyncEnumerable<BarFinding> ExamineAsync(
        IDataFetcher source,
        StreamKey stream,
        TimeRange range,
        ExaminationOptions? options = null,
        TimeProvider? timeProvider = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var examiner = new BarExaminer(stream, options);
        long lastClosed = stream.Interval.LastClosedBar((timeProvider ?? TimeProvider.System).GetUtcNow());
        TimeRangeSet bars = new TimeRangeSet(stream.Interval, range).Intersect(
            new TimeRange(Math.Min(range.Start, lastClosed), lastClosed));
        foreach (PlannedRequest page in BackfillPlanner.Plan(
            bars, start => Math.Max(1, source.GetBarsPerRequest(stream, start) ?? DefaultBarsPerRequest)))
        {
            RawBars raw = await source.FetchAsync(stream, stream.Interval.TimeOf(page.Range), cancellationToken);
            foreach (BarFinding finding in examiner.Add(raw, page.Range, lastClosed))
            {
                yield return finding;
            }
        }

        foreach (BarFinding finding in examiner.Complete())
        {
            yield return finding;
        }
    }
}
