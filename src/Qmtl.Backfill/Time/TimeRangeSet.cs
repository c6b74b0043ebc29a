using System.Collections;

namespace Qmtl.Time;

/// <summary>
/// An immutable set of bars of one interval, held as ascending ranges that neither overlap nor touch: two ranges that
/// are one bar apart are one range.
/// </summary>
/// <remarks>
/// Ranges given off the grid are aligned inward (<see cref="TimeRange.AlignTo"/>), so the set holds only bars that exist.
/// Building is O(n log n) in the ranges given and O(n) where they come in order; set operations are O(n + m).
/// </remarks>
public sealed class TimeRangeSet : IReadOnlyList<TimeRange>, IEquatable<TimeRangeSet>
{
    private readonly TimeRange[] _ranges;

    /// <summary>
    /// The set of all bars of <paramref name="interval"/> inside any of <paramref name="ranges"/>, which may overlap and come in any order.
    /// </summary>
    public TimeRangeSet(BarInterval interval, params IEnumerable<TimeRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        _ = interval.Number;
        Interval = interval;
        _ranges = Normalize(interval, ranges);
    }

    /// <summary>The set of all bars of <paramref name="interval"/> inside <paramref name="range"/>.</summary>
    public TimeRangeSet(BarInterval interval, TimeRange range)
    {
        _ = interval.Number;
        Interval = interval;
        _ranges = range.AlignTo(interval) is { } bars ? [bars] : [];
    }

    private TimeRangeSet(BarInterval interval, TimeRange[] normalized)
    {
        Interval = interval;
        _ranges = normalized;
    }

    /// <summary>The interval whose bars these are.</summary>
    public BarInterval Interval { get; }

    /// <summary>How many ranges there are.</summary>
    public int Count => _ranges.Length;

    /// <summary>Whether there is no bar at all.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>How many bars there are.</summary>
    public long BarCount
    {
        get
        {
            long bars = 0;
            foreach (TimeRange range in _ranges)
            {
                bars += Interval.CountBetween(range.Start, range.End);
            }

            return bars;
        }
    }

    /// <summary>From the first bar to the last, whatever is missing between, or null where there is none.</summary>
    public TimeRange? Bounds => IsEmpty ? null : new TimeRange(_ranges[0].Start, _ranges[^1].End);

    /// <summary>The range at <paramref name="index"/>, ascending by time.</summary>
    public TimeRange this[int index] => _ranges[index];

    /// <summary>The set without a bar.</summary>
    public static TimeRangeSet Empty(BarInterval interval) => new(interval, Array.Empty<TimeRange>());

    /// <summary>
    /// The set of the given bar opens (Unix seconds, UTC), which must ascend; those off the grid are left out and a repeated one counts
    /// once.
    /// </summary>
    /// <exception cref="ArgumentException">A timestamp is smaller than the one before it.</exception>
    public static TimeRangeSet FromTimestamps(BarInterval interval, ReadOnlySpan<long> ascending)
    {
        if (ascending.Length == 1)
        {
            return interval.IsOnGrid(ascending[0]) ? new(interval, [new TimeRange(ascending[0], ascending[0])]) : Empty(interval);
        }

        var builder = new TimeRangeSetBuilder(interval);
        builder.AddTimestamps(ascending);
        return builder.Build();
    }

    /// <summary>Whether the bar that opens at <paramref name="timestamp"/> (Unix seconds, UTC) is in the set.</summary>
    public bool Contains(long timestamp)
    {
        int index = FirstEndingAtOrAfter(timestamp);
        return index < _ranges.Length && _ranges[index].Start <= timestamp && Interval.IsOnGrid(timestamp);
    }

    /// <summary>The open of the bar from which on the set holds so many; of its first where it holds fewer.</summary>
    internal long OpenOfLast(long bars)
    {
        int i = Count - 1;
        for (; i > 0 && Interval.CountBetween(_ranges[i].Start, _ranges[i].End) is var inside && inside < bars; i--)
        {
            bars -= inside;
        }

        return Math.Max(_ranges[i].Start, Interval.Add(_ranges[i].End, 1 - bars));
    }

    /// <summary>The bars in this set, in <paramref name="other"/>, or in both.</summary>
    public TimeRangeSet Union(TimeRangeSet other)
    {
        RequireSameInterval(other);
        if (other.LiesInOneRangeOf(this))
        {
            return this;
        }

        if (LiesInOneRangeOf(other))
        {
            return other;
        }

        var builder = new TimeRangeSetBuilder(Interval);
        int left = 0;
        int right = 0;
        while (left < _ranges.Length || right < other._ranges.Length)
        {
            bool takeLeft = right == other._ranges.Length
                || (left < _ranges.Length && _ranges[left].Start <= other._ranges[right].Start);
            builder.Add(takeLeft ? _ranges[left++] : other._ranges[right++]);
        }

        return builder.Build();
    }

    /// <summary>The bars in both sets.</summary>
    public TimeRangeSet Intersect(TimeRangeSet other)
    {
        RequireSameInterval(other);
        if (LiesInOneRangeOf(other))
        {
            return this;
        }

        if (other.LiesInOneRangeOf(this))
        {
            return other;
        }

        var builder = new TimeRangeSetBuilder(Interval);
        int left = 0;
        int right = 0;
        while (left < _ranges.Length && right < other._ranges.Length)
        {
            if (_ranges[left].Intersect(other._ranges[right]) is { } shared)
            {
                builder.Add(shared);
            }

            if (_ranges[left].End < other._ranges[right].End)
            {
                left++;
            }
            else
            {
                right++;
            }
        }

        return builder.Build();
    }

    /// <summary>The bars of this set inside <paramref name="range"/>. O(log n) to find, then as many as are inside.</summary>
    public TimeRangeSet Intersect(TimeRange range)
    {
        if (Bounds is not { } bounds || (range.Start <= bounds.Start && bounds.End <= range.End))
        {
            return this;
        }

        if (Count == 1)
        {
            return bounds.Intersect(range)?.AlignTo(Interval) is { } one ? new(Interval, [one]) : Empty(Interval);
        }

        var builder = new TimeRangeSetBuilder(Interval);
        for (int i = FirstEndingAtOrAfter(range.Start); i < _ranges.Length && _ranges[i].Start <= range.End; i++)
        {
            if (_ranges[i].Intersect(range)?.AlignTo(Interval) is { } shared)
            {
                builder.Add(shared);
            }
        }

        return builder.Build();
    }

    /// <summary>The bars of this set that are not in <paramref name="other"/>.</summary>
    public TimeRangeSet Subtract(TimeRangeSet other)
    {
        RequireSameInterval(other);
        if (IsEmpty || other.IsEmpty)
        {
            return this;
        }

        if (LiesInOneRangeOf(other))
        {
            return Empty(Interval);
        }

        if (!Bounds!.Value.Overlaps(other.Bounds!.Value))
        {
            return this;
        }

        var builder = new TimeRangeSetBuilder(Interval);
        int right = 0;
        foreach (TimeRange range in _ranges)
        {
            long start = range.Start;
            while (right < other._ranges.Length && other._ranges[right].End < start)
            {
                right++;
            }

            int hole = right;
            while (hole < other._ranges.Length && other._ranges[hole].Start <= range.End)
            {
                if (other._ranges[hole].Start > start)
                {
                    builder.Add(new TimeRange(start, Interval.Previous(other._ranges[hole].Start)));
                }

                start = Math.Max(start, Interval.Next(other._ranges[hole].End));
                hole++;
            }

            if (start <= range.End)
            {
                builder.Add(new TimeRange(start, range.End));
            }

            // The last hole may reach into the next range.
            right = Math.Max(right, hole - 1);
        }

        return builder.Build();
    }

    /// <inheritdoc/>
    public bool Equals(TimeRangeSet? other) =>
        other is not null && Interval == other.Interval && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TimeRangeSet);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Interval, _ranges.Length, Bounds);

    /// <summary>Ascending by time.</summary>
    public IEnumerator<TimeRange> GetEnumerator() => ((IEnumerable<TimeRange>)_ranges).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _ranges.GetEnumerator();

    /// <summary>A short description: interval, bars, ranges and bounds.</summary>
    public override string ToString() => IsEmpty ? $"no {Interval} bars" : $"{BarCount} {Interval} bars in {Count} ranges, {Bounds}";

    internal static TimeRangeSet FromNormalized(BarInterval interval, TimeRange[] normalized) => new(interval, normalized);

    private static TimeRange[] Normalize(BarInterval interval, IEnumerable<TimeRange> ranges)
    {
        switch (ranges)
        {
            case IReadOnlyCollection<TimeRange> { Count: 0 }:
                return [];
            case IReadOnlyList<TimeRange> { Count: 1 } one:
                return one[0].AlignTo(interval) is { } whole ? [whole] : [];
        }

        var aligned = new List<TimeRange>();
        bool ascending = true;
        foreach (TimeRange range in ranges)
        {
            if (range.AlignTo(interval) is { } bars)
            {
                ascending &= aligned.Count == 0 || aligned[^1].Start <= bars.Start;
                aligned.Add(bars);
            }
        }

        if (!ascending)
        {
            aligned.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        }

        var builder = new TimeRangeSetBuilder(interval);
        foreach (TimeRange range in aligned)
        {
            builder.Add(range);
        }

        return builder.ToArray();
    }

    private int FirstEndingAtOrAfter(long timestamp)
    {
        int low = 0;
        int high = _ranges.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].End < timestamp)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    // Known at once, where a whole history comes upon any number of pieces of it; so is a set of no bars.
    private bool LiesInOneRangeOf(TimeRangeSet other) => Bounds is not { } bounds
        || (other.FirstEndingAtOrAfter(bounds.End) is var index && index < other.Count && other[index].Start <= bounds.Start);

    private void RequireSameInterval(TimeRangeSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Interval != Interval)
        {
            throw new ArgumentException($"Bars of {Interval} and of {other.Interval} are not on one grid.", nameof(other));
        }
    }
}
