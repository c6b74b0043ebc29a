using System.Runtime.InteropServices;

namespace Qmtl.Time;

/// <summary>
/// Builds a <see cref="TimeRangeSet"/> from bars that come in ascending order, one pass, memory in proportion to the ranges
/// and not to the bars. Stores feed it what their servers stream.
/// </summary>
public sealed class TimeRangeSetBuilder
{
    private readonly BarInterval _interval;
    private readonly long _stride;
    private readonly List<TimeRange> _ranges = [];
    private long _start;
    private long _end;
    private bool _open;

    /// <summary>A builder for bars of <paramref name="interval"/>.</summary>
    public TimeRangeSetBuilder(BarInterval interval)
    {
        _interval = interval;
        _stride = interval.Stride;
    }

    /// <summary>Adds bars by their opens (Unix seconds, UTC); those off the grid are left out.</summary>
    /// <exception cref="ArgumentException">A timestamp is smaller than the last range's start.</exception>
    public void AddTimestamps(ReadOnlySpan<long> ascending)
    {
        foreach (long timestamp in ascending)
        {
            AddTimestamp(timestamp);
        }
    }

    /// <summary>Adds one bar by its open (Unix seconds, UTC); one off the grid is left out.</summary>
    /// <exception cref="ArgumentException">The timestamp is smaller than the last range's start.</exception>
    public void AddTimestamp(long timestamp)
    {
        // The bar after the last one is by far the most frequent case, and needs no division.
        if (_open && timestamp == _end + _stride)
        {
            _end = timestamp;
        }
        else
        {
            AddAnother(timestamp);
        }
    }

    /// <summary>Adds a range whose ends are on the grid and whose start is not before that of the last one added.</summary>
    /// <exception cref="ArgumentException">The range starts before the last one did.</exception>
    public void Add(TimeRange aligned)
    {
        if (!_open)
        {
            (_start, _end, _open) = (aligned.Start, aligned.End, true);
        }
        else if (aligned.Start < _start)
        {
            throw new ArgumentException(
                $"Bars must come in ascending order: {UnixTime.Format(aligned.Start)} came after {UnixTime.Format(_start)}.",
                nameof(aligned));
        }
        else if (aligned.Start <= _end || aligned.Start == _interval.Next(_end))
        {
            _end = Math.Max(_end, aligned.End);
        }
        else
        {
            _ranges.Add(new TimeRange(_start, _end));
            (_start, _end) = (aligned.Start, aligned.End);
        }
    }

    /// <summary>The set of all that was added.</summary>
    public TimeRangeSet Build() => TimeRangeSet.FromNormalized(_interval, ToArray());

    // Apart, so that the frequent case stays a few instructions.
    private void AddAnother(long timestamp)
    {
        if (_interval.IsOnGrid(timestamp))
        {
            Add(new TimeRange(timestamp, timestamp));
        }
    }

    internal TimeRange[] ToArray()
    {
        if (!_open)
        {
            return [];
        }

        var ranges = new TimeRange[_ranges.Count + 1];
        CollectionsMarshal.AsSpan(_ranges).CopyTo(ranges);
        ranges[^1] = new TimeRange(_start, _end);
        return ranges;
    }
}
