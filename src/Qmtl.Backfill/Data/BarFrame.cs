using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// Bars of one stream in columns: their opens and any payload. A frame is checked when it is made, so whoever holds one
/// knows that its bars ascend, are unique and lie on the interval's grid.
/// </summary>
/// <remarks>
/// What a source answers is not a frame yet; <see cref="RawBars.Validate"/> makes one of it and counts what it had to leave out.
/// </remarks>
public sealed class BarFrame
{
    private readonly ReadOnlyMemory<long> _timestamps;

    /// <summary>A frame of the given columns, which it keeps and does not copy.</summary>
    /// <param name="interval">The interval whose grid the bars lie on.</param>
    /// <param name="timestamps">The bars' opens: Unix seconds, UTC, ascending, each once.</param>
    /// <param name="columns">The payload, one entry a column, each as long as <paramref name="timestamps"/>, no name twice (case is
    /// ignored).</param>
    /// <exception cref="ArgumentException">The timestamps do not ascend, repeat or leave the grid, or a column has another length or a name
    /// that is taken.</exception>
    public BarFrame(BarInterval interval, ReadOnlyMemory<long> timestamps, IReadOnlyList<BarColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        RequireBars(interval, timestamps.Span);
        ColumnNames.RequireUsable(columns, timestamps.Length);
        Interval = interval;
        _timestamps = timestamps;
        Columns = columns;
    }

    private BarFrame(BarInterval interval, IReadOnlyList<BarColumn> columns, ReadOnlyMemory<long> checkedTimestamps)
    {
        Interval = interval;
        _timestamps = checkedTimestamps;
        Columns = columns;
    }

    /// <summary>The interval whose grid the bars lie on.</summary>
    public BarInterval Interval { get; }

    /// <summary>How many bars there are.</summary>
    public int Count => _timestamps.Length;

    /// <summary>The bars' opens: Unix seconds, UTC, ascending, each once.</summary>
    public ReadOnlySpan<long> Timestamps => _timestamps.Span;

    /// <summary>The same as <see cref="Timestamps"/>, for code that has to hold on to it.</summary>
    public ReadOnlyMemory<long> TimestampMemory => _timestamps;

    /// <summary>The payload columns, in the order the source gave them.</summary>
    public IReadOnlyList<BarColumn> Columns { get; }

    /// <summary>From the first bar to the last, or null in a frame without bars.</summary>
    public TimeRange? Bounds => Count == 0 ? null : new TimeRange(Timestamps[0], Timestamps[^1]);

    /// <summary>The bars as rows, one at a time.</summary>
    public IEnumerable<BarRow> Rows
    {
        get
        {
            for (int i = 0; i < Count; i++)
            {
                yield return new BarRow(this, i);
            }
        }
    }

    /// <summary>The bar at <paramref name="index"/>, as a row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bar.</exception>
    public BarRow GetRow(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return new BarRow(this, index);
    }

    /// <summary>A frame without bars and columns.</summary>
    public static BarFrame Empty(BarInterval interval) => new(interval, [], ReadOnlyMemory<long>.Empty);

    /// <summary>The column of that name (case is ignored), or null.</summary>
    public BarColumn? FindColumn(string name) =>
        Columns.FirstOrDefault(column => string.Equals(column.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The set of the frame's bars.</summary>
    public TimeRangeSet ToRangeSet() => TimeRangeSet.FromTimestamps(Interval, Timestamps);

    /// <summary>The bars from <paramref name="start"/> on, <paramref name="length"/> of them, without copying.</summary>
    public BarFrame Slice(int start, int length) =>
        new(Interval, [.. Columns.Select(column => column.Slice(start, length))], _timestamps.Slice(start, length));

    /// <summary>The bars of this frame that are in <paramref name="bars"/>; the frame itself where all are.</summary>
    public BarFrame Intersect(TimeRangeSet bars)
    {
        ArgumentNullException.ThrowIfNull(bars);
        ReadOnlySpan<long> timestamps = Timestamps;
        if (Bounds is { } bounds && bars.Intersect(bounds) is { Count: 1 } one && one[0] == bounds)
        {
            return this;
        }

        var kept = new List<int>();
        int range = 0;
        for (int i = 0; i < timestamps.Length; i++)
        {
            while (range < bars.Count && bars[range].End < timestamps[i])
            {
                range++;
            }

            if (range < bars.Count && bars[range].Start <= timestamps[i])
            {
                kept.Add(i);
            }
        }

        if (kept.Count > 0 && kept[^1] - kept[0] == kept.Count - 1)
        {
            return Slice(kept[0], kept.Count);
        }

        int[] indexes = [.. kept];
        return new(Interval, [.. Columns.Select(column => column.Select(indexes))], Array.ConvertAll(indexes, i => _timestamps.Span[i]));
    }

    /// <summary>A frame over timestamps that the caller has just checked.</summary>
    internal static BarFrame FromChecked(BarInterval interval, ReadOnlyMemory<long> timestamps, IReadOnlyList<BarColumn> columns) =>
        new(interval, columns, timestamps);

    private static void RequireBars(BarInterval interval, ReadOnlySpan<long> timestamps)
    {
        long stride = interval.Stride;
        for (int i = 0; i < timestamps.Length; i++)
        {
            if (i > 0 && timestamps[i] == timestamps[i - 1] + stride)
            {
                continue;
            }

            if (!interval.IsOnGrid(timestamps[i]))
            {
                throw new ArgumentException($"No {interval} bar opens at {UnixTime.Format(timestamps[i])}.", nameof(timestamps));
            }

            if (i > 0 && timestamps[i] <= timestamps[i - 1])
            {
                throw new ArgumentException(
                    $"Bars must ascend and be unique: {UnixTime.Format(timestamps[i])} came after {UnixTime.Format(timestamps[i - 1])}.",
                    nameof(timestamps));
            }
        }
    }
}
