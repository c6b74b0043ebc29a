using System.Globalization;
using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>What the start and end that an operator gives mean, the same in every shell. Both are inside.</summary>
public static class AskedRange
{
    /// <summary>The whole seconds between two instants, either of which may be open.</summary>
    /// <exception cref="ArgumentException">The start is after the end, or no whole second lies between the two.</exception>
    public static TimeRange Between(DateTimeOffset? start, DateTimeOffset? end)
    {
        DateTimeOffset first = start ?? DateTimeOffset.MinValue;
        DateTimeOffset last = end ?? DateTimeOffset.MaxValue;
        (long from, long to) = (FirstSecond(first), last.ToUnixTimeSeconds());
        return from <= to || first > last ? new TimeRange(from, to) : throw new ArgumentException(
            $"No bar can open from {Precise(first)} to {Precise(last)}: bars open on whole seconds, and none lies between the two. Give an "
                + $"earlier start or a later end.");
    }

    /// <summary>
    /// The ends that were given and, where one was not, that of all that the source has. What it has ends no range that begins after it,
    /// and begins none that ends before it: such an end stays open.
    /// </summary>
    /// <param name="start">The first instant; null where none was given.</param>
    /// <param name="end">The last instant; null where none was given.</param>
    /// <param name="extent">All that the source has; null where it does not say.</param>
    public static (DateTimeOffset? Start, DateTimeOffset? End) Within(DateTimeOffset? start, DateTimeOffset? end, TimeRange? extent)
    {
        if (extent is not { } all)
        {
            return (start, end);
        }

        (DateTimeOffset first, DateTimeOffset last) = (UnixTime.FromSeconds(all.Start), UnixTime.FromSeconds(all.End));
        return (start ?? (end < first ? null : first), end ?? (start > last ? null : last));
    }

    /// <summary>The bars from start to end that have closed, or null where there are none yet.</summary>
    /// <param name="interval">The stream's interval.</param>
    /// <param name="start">The first instant.</param>
    /// <param name="end">The last instant; null for the last bar that has closed.</param>
    /// <param name="now">The time of day.</param>
    /// <param name="note">In words, that the end was moved or why nothing is left; null where all is as it was asked for.</param>
    /// <exception cref="ArgumentException">
    /// The start is after the end, or in the future, or no whole second lies between the two.
    /// </exception>
    public static TimeRange? Closed(BarInterval interval, DateTimeOffset start, DateTimeOffset? end, DateTimeOffset now, out string? note)
    {
        long first = FirstSecond(start);
        _ = Between(start, end);
        if (start > now)
        {
            throw new ArgumentException(
                $"The range starts at {Text(start)}, which is in the future: no bar that opens there has closed yet. Give an earlier "
                    + $"start.");
        }

        long lastClosed = interval.LastClosedBar(now);
        note = end is { } future && interval.Floor(future.ToUnixTimeSeconds()) > lastClosed
            ? $"The end {Text(future)} is moved to {UnixTime.Format(lastClosed)}, the last {interval} bar that has closed."
            : null;

        long until = end is { } given ? Math.Min(given.ToUnixTimeSeconds(), lastClosed) : lastClosed;
        if (first <= until && new TimeRange(first, until).AlignTo(interval) is { } bars)
        {
            return bars;
        }

        note =
            $"No {interval} bar that has closed opens from {Text(start)} to {(end is { } stop ? Text(stop) : "now")}: there is nothing to "
                + $"look at.";
        return null;
    }

    /// <summary>Where a stream begins that is asked for without a start: at its first bar.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="covered">All its bars.</param>
    /// <param name="place">Where they are, for people.</param>
    /// <param name="option">What the shell calls a start.</param>
    /// <exception cref="ArgumentException">There is no bar.</exception>
    public static DateTimeOffset FirstBar(StreamKey stream, TimeRangeSet covered, string place, string option)
    {
        ArgumentNullException.ThrowIfNull(covered);
        return covered.Bounds is { } bounds
            ? UnixTime.FromSeconds(bounds.Start)
            : throw new ArgumentException($"{place} holds no bar of {stream}, so nothing says where its history begins. Give {option}.");
    }

    /// <summary>Bars open on whole seconds: the first that can open at or after an instant within a second is the next one.</summary>
    internal static long FirstSecond(DateTimeOffset instant) =>
        instant.ToUnixTimeSeconds() + (instant.UtcTicks % TimeSpan.TicksPerSecond == 0 ? 0 : 1);

    private static string Precise(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static string Text(DateTimeOffset instant) => UnixTime.Format(instant.ToUnixTimeSeconds());
}
