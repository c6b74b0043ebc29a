using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>A stream at a glance, from its first stored bar to its last.</summary>
public sealed record HistorySummary
{
    /// <summary>The stream.</summary>
    public required StreamKey Stream { get; init; }

    /// <summary>The opens of the first and the last bar that are stored.</summary>
    public required TimeRange Bounds { get; init; }

    /// <summary>How many bars are stored.</summary>
    public required long Bars { get; init; }

    /// <summary>How many bars between the two are known not to exist.</summary>
    public long Empty { get; init; }

    /// <summary>How many bars after the last are known not to exist.</summary>
    public long EmptyAfter { get; init; }

    /// <summary>
    /// How many bytes the store takes for it; null, the default, where it cannot tell without reading everything. Where a file or a table
    /// holds several streams, it is each one's part by its bars.
    /// </summary>
    public long? Bytes { get; init; }

    /// <summary>How many bars between the first and the last are neither stored nor known not to exist.</summary>
    public long Missing => Bounds.CountBars(Stream.Interval) - Bars - Empty;

    /// <summary>
    /// What part of the bars that can exist between the first and the last is stored, from 0 to 1; 1 only where none is missing.
    /// </summary>
    public double Completeness => Bars / (double)(Bars + Missing);

    /// <summary><see cref="Completeness"/> in per cent for people, cut after two decimals: 100 only where no bar is missing.</summary>
    public double Percent => Missing == 0 ? 100 : Math.Min(99.99, Math.Floor(Completeness * 10000) / 100);

    /// <summary>How many bars after the last have closed at <paramref name="now"/> and are not known not to exist.</summary>
    public long CountBehind(DateTimeOffset now)
    {
        long lastClosed = Stream.Interval.LastClosedBar(now);
        return lastClosed <= Bounds.End ? 0 : Math.Max(0, Stream.Interval.CountBetween(Bounds.End, lastClosed) - 1 - EmptyAfter);
    }

    /// <summary>How long before <paramref name="now"/> the last bar closed; zero for one that has not.</summary>
    public TimeSpan GetFreshness(DateTimeOffset now)
    {
        TimeSpan age = now - UnixTime.FromSeconds(Stream.Interval.Next(Bounds.End));
        return age > TimeSpan.Zero ? age : TimeSpan.Zero;
    }

    /// <summary>The summary of a stream of which all is known; null where no bar is stored.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="stored">The bars that are stored.</param>
    /// <param name="empty">The bars that are known not to exist.</param>
    /// <param name="bytes">How many bytes the store takes for it, where it tells.</param>
    public static HistorySummary? Of(StreamKey stream, TimeRangeSet stored, TimeRangeSet empty, long? bytes = null)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(empty);
        if (stored.Bounds is not { } bounds)
        {
            return null;
        }

        TimeRangeSet absent = empty.Subtract(stored);
        return new HistorySummary
        {
            Stream = stream,
            Bounds = bounds,
            Bars = stored.BarCount,
            Empty = absent.Intersect(bounds).BarCount,
            EmptyAfter = CountAfter(absent, bounds.End),
            Bytes = bytes,
        };
    }

    /// <summary>How many of the bars open after <paramref name="last"/>.</summary>
    internal static long CountAfter(TimeRangeSet bars, long last) =>
        bars.Bounds is { } all && all.End > last ? bars.Intersect(new TimeRange(bars.Interval.Next(last), all.End)).BarCount : 0;
}
