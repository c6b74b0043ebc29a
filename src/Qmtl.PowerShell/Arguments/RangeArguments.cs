using Qmtl.Time;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Makes a range of bars of the -Start and -End that an operator gave.</summary>
internal static class RangeArguments
{
    /// <summary>The bars from start to end that have closed, or null where there are none yet.</summary>
    /// <param name="interval">The stream's interval.</param>
    /// <param name="start">The first instant.</param>
    /// <param name="end">The last instant, inside; null for the last bar that has closed.</param>
    /// <param name="now">The time of day.</param>
    /// <param name="tell">Told, in words, where the end was moved or nothing is left.</param>
    /// <exception cref="ArgumentException">The start is after the end, or in the future.</exception>
    public static TimeRange? Closed(BarInterval interval, DateTimeOffset start, DateTimeOffset? end, DateTimeOffset now, Action<string> tell)
    {
        if (end is { } last && start > last)
        {
            throw new ArgumentException($"The range starts at {Text(start)}, after its end {Text(last)}. Swap -Start and -End.");
        }

        if (start > now)
        {
            throw new ArgumentException($"The range starts at {Text(start)}, which is in the future: no bar has opened there yet. Give an earlier -Start.");
        }

        long lastClosed = interval.LastClosedBar(now);
        long first = FirstSecond(start);
        long until = end is { } given ? Math.Min(given.ToUnixTimeSeconds(), lastClosed) : lastClosed;
        if (end is { } future && interval.Floor(future.ToUnixTimeSeconds()) > lastClosed)
        {
            tell($"The end {Text(future)} is moved to {UnixTime.Format(lastClosed)}, the last {interval} bar that has closed.");
        }

        TimeRange? bars = first <= until ? new TimeRange(first, until).AlignTo(interval) : null;
        if (bars is null)
        {
            tell($"No {interval} bar that has closed opens between {Text(start)} and {(end is { } stop ? Text(stop) : "now")}: there is nothing to look at.");
        }

        return bars;
    }

    /// <summary>The range between two instants, either of which may be open.</summary>
    /// <exception cref="ArgumentException">The start is after the end.</exception>
    public static TimeRange Between(DateTimeOffset? start, DateTimeOffset? end)
    {
        DateTimeOffset first = start ?? DateTimeOffset.MinValue;
        DateTimeOffset last = end ?? DateTimeOffset.MaxValue;
        return first <= last
            ? new TimeRange(FirstSecond(first), Math.Max(FirstSecond(first), last.ToUnixTimeSeconds()))
            : throw new ArgumentException($"The range starts at {Text(first)}, after its end {Text(last)}. Swap -Start and -End.");
    }

    // Bars open on whole seconds: the first that can open at or after an instant within a second is the next one.
    private static long FirstSecond(DateTimeOffset instant) =>
        instant.ToUnixTimeSeconds() + (instant.UtcTicks % TimeSpan.TicksPerSecond == 0 ? 0 : 1);

    private static string Text(DateTimeOffset instant) => UnixTime.Format(instant.ToUnixTimeSeconds());
}
