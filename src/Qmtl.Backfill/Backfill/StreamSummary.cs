using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// What a provider holds of one stream: each bar of the range that is looked at is stored, known to be empty, missing, or not there yet.
/// </summary>
internal sealed class StreamSummary
{
    private StreamSummary(StreamKey stream, TimeRange? range, TimeRangeSet stored, TimeRangeSet empty)
    {
        (Stream, Range, Stored, Empty) = (stream, range, stored, empty);
        TimeRangeSet none = TimeRangeSet.Empty(stream.Interval);
        (Missing, Behind) = (none, none);
        if (range is { } bars)
        {
            TimeRangeSet gaps = new TimeRangeSet(stream.Interval, bars).Subtract(stored).Subtract(empty);
            Missing = stored.Bounds is { } bounds ? gaps.Intersect(new TimeRange(bars.Start, bounds.End)) : none;
            Behind = gaps.Subtract(Missing);
        }
    }

    /// <summary>The stream.</summary>
    public StreamKey Stream { get; }

    /// <summary>The bars that were looked at, by their opens, both ends inside; null where there are none.</summary>
    public TimeRange? Range { get; }

    /// <summary>The bars that are stored.</summary>
    public TimeRangeSet Stored { get; }

    /// <summary>The bars that are not stored because a source is known not to have them.</summary>
    public TimeRangeSet Empty { get; }

    /// <summary>The bars that are neither, up to the last one that is stored.</summary>
    public TimeRangeSet Missing { get; }

    /// <summary>
    /// The bars that are neither, after the last one that is stored: none where the history is as fresh as it can be. With
    /// <see cref="Missing"/> they are what <see cref="GapFinder"/> finds.
    /// </summary>
    public TimeRangeSet Behind { get; }

    /// <summary>Looks at one stream.</summary>
    /// <param name="provider">Whose history.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="start">The first instant; null for the first bar that is stored.</param>
    /// <param name="end">The last instant, inside; null for the last bar that has closed.</param>
    /// <param name="now">The time of day. No bar that has not closed by then is looked at.</param>
    /// <param name="source">The name of the source whose "none" counts; null for the provider's own fetcher or, where it has none, for any
    /// source's.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    /// <exception cref="ArgumentException">The start that was given is after the end, or in the future.</exception>
    public static async Task<StreamSummary> FindAsync(
        IHistoryProvider provider,
        StreamKey stream,
        DateTimeOffset? start,
        DateTimeOffset? end,
        DateTimeOffset now,
        string? source = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        TimeRange? asked = start is null && end is null ? null : AskedRange.Between(start, end);
        TimeRangeSet stored = await provider.GetCoverageAsync(stream, asked, cancellationToken);
        start ??= stored.Bounds is { } bounds ? UnixTime.FromSeconds(bounds.Start) : null;
        TimeRange? range = start is { } first ? AskedRange.Closed(stream.Interval, first, end, now, out _) : null;
        if (range is not { } bars)
        {
            TimeRangeSet none = TimeRangeSet.Empty(stream.Interval);
            return new StreamSummary(stream, null, none, none);
        }

        stored = stored.Intersect(bars);
        TimeRangeSet empty = stored.Count == 1 && stored[0] == bars
            ? TimeRangeSet.Empty(stream.Interval)
            : (await provider.GetKnownEmptyAsync(stream, source, bars, cancellationToken)).Subtract(stored);
        return new StreamSummary(stream, bars, stored, empty);
    }
}
