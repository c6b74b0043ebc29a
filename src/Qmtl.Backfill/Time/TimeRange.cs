using System.Globalization;

namespace Qmtl.Time;

/// <summary>
/// A range of bars by their opens, in Unix seconds (UTC), inclusive at both ends: one bar is a range whose start is its end.
/// </summary>
public readonly record struct TimeRange
{
    /// <summary>The range from <paramref name="start"/> to <paramref name="end"/>, both Unix seconds (UTC) and both inside.</summary>
    /// <exception cref="ArgumentException">The start is after the end.</exception>
    public TimeRange(long start, long end)
    {
        if (start > end)
        {
            throw new ArgumentException(
                $"The range starts at {UnixTime.Format(start)}, after its end {UnixTime.Format(end)}. Swap the two.", nameof(start));
        }

        Start = start;
        End = end;
    }

    /// <summary>The open of the first bar: Unix seconds, UTC, inside the range.</summary>
    public long Start { get; }

    /// <summary>The open of the last bar: Unix seconds, UTC, inside the range.</summary>
    public long End { get; }

    /// <summary>Whether <paramref name="timestamp"/> (Unix seconds, UTC) is inside.</summary>
    public bool Contains(long timestamp) => timestamp >= Start && timestamp <= End;

    /// <summary>Whether the two share an instant.</summary>
    public bool Overlaps(TimeRange other) => Start <= other.End && other.Start <= End;

    /// <summary>What both hold, or null where they share nothing.</summary>
    public TimeRange? Intersect(TimeRange other) =>
        Overlaps(other) ? new TimeRange(Math.Max(Start, other.Start), Math.Min(End, other.End)) : null;

    /// <summary>
    /// The bars of <paramref name="interval"/> that open inside: the start moved up and the end moved down to the grid,
    /// or null where no bar opens inside.
    /// </summary>
    public TimeRange? AlignTo(BarInterval interval)
    {
        long start = interval.Ceiling(Start);
        long end = interval.Floor(End);
        return start <= end ? new TimeRange(start, end) : null;
    }

    /// <summary>A range with an instant more inside: <paramref name="range"/>, or nothing where that is null.</summary>
    internal static TimeRange Including(TimeRange? range, long timestamp) => range is { } known
        ? known.Contains(timestamp) ? known : new TimeRange(Math.Min(known.Start, timestamp), Math.Max(known.End, timestamp))
        : new TimeRange(timestamp, timestamp);

    /// <summary>How many bars of <paramref name="interval"/> open inside.</summary>
    public long CountBars(BarInterval interval) =>
        AlignTo(interval) is { } aligned ? interval.CountBetween(aligned.Start, aligned.End) : 0;

    /// <summary>Both ends in ISO 8601, UTC.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{UnixTime.Format(Start)} to {UnixTime.Format(End)}");
}
