using Qmtl.Data;
using Qmtl.Payloads;

namespace Qmtl.Caching;

/// <summary>
/// The bars of one series, ascending, in columns. Bars lie side by side in arrays somewhat longer than the period: new ones go to
/// the end, and when the end is reached all move down at once. So every column is one plain span at any time.
/// </summary>
/// <remarks>Not safe for several threads: <see cref="CachedSeries"/> sees to that.</remarks>
internal sealed partial class BarBuffer
{
    private readonly StreamKey _series;
    private readonly int _period;
    private readonly long _stride;

    private long[] _timestamps = [];
    private bool[] _live = [];
    private BufferColumn[] _columns = [];
    private int _start;

    // The bar before the oldest held: with a period of one bar it alone tells whether one is missing.
    private long? _newestDropped;

    public BarBuffer(StreamKey series, int period) =>
        (_series, _period, _stride) = (series, period, series.Interval.Stride);

    /// <summary>How many bars are held, at most the period.</summary>
    public int Count { get; private set; }

    public bool IsReady => Count == _period;

    public long? LastTimestamp => Count == 0 ? null : _timestamps[_start + Count - 1];

    /// <summary>Whether the newest bar does not directly follow the one before it, be that one still held or not.</summary>
    public bool IsMissing
    {
        get
        {
            long? before = Count > 1 ? _timestamps[_start + Count - 2] : _newestDropped;
            return before is { } known && LastTimestamp is { } last && last != known + _stride && last != _series.Interval.Next(known);
        }
    }

    /// <summary>Bytes of all arrays.</summary>
    public long ResidentBytes =>
        ArraySize.Of<long>(_timestamps.Length) + ArraySize.Of<bool>(_live.Length) + _columns.Sum(column => column.ResidentBytes);

    public ReadOnlySpan<long> Timestamps => _timestamps.AsSpan(_start, Count);

    public ReadOnlySpan<bool> Live => _live.AsSpan(_start, Count);

    public IEnumerable<string> ColumnNames => _columns.Select(column => column.Name);

    /// <summary>The column of that name (case is ignored), or null.</summary>
    public BufferColumn? FindColumn(string name)
    {
        foreach (BufferColumn column in _columns)
        {
            if (string.Equals(column.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return column;
            }
        }

        return null;
    }

    /// <summary>The values of a column of this buffer, not copied.</summary>
    public ReadOnlySpan<T> ValuesOf<T>(BufferColumn<T> column) => column.Values(_start, Count);

    /// <summary>The value in a bar counted from the oldest, as an object, or null.</summary>
    public object? GetValue(BufferColumn column, int index) => column.GetValue(_start + index);

    /// <summary>How many bars open before <paramref name="timestamp"/>: the place of the bar that opens then.</summary>
    public int CountBefore(long timestamp)
    {
        int index = Timestamps.BinarySearch(timestamp);
        return index < 0 ? ~index : index;
    }

    /// <summary>Bars counted from the oldest, copied.</summary>
    public BarFrame ToFrame(int start, int length) => BarFrame.FromChecked(
        _series.Interval,
        Timestamps.Slice(start, length).ToArray(),
        Array.ConvertAll(_columns, column => column.ToBarColumn(_start + start, length)));

    /// <summary>The newest bar, or null. A series of nothing but values has a value there, not a bar with one column.</summary>
    public (long Timestamp, Payload Payload)? Latest()
    {
        if (LastTimestamp is not { } timestamp)
        {
            return null;
        }

        Payload payload = _columns is [{ Name: Payload.ValueColumn } only]
            ? Payload.From(GetValue(only, Count - 1))
            : Payload.FromBar(ToFrame(Count - 1, 1).GetRow(0));
        return (timestamp, payload);
    }
}

/// <summary>What a <see cref="BarBuffer"/> held at one moment, in its own arrays.</summary>
/// <param name="Timestamps">The opens, ascending.</param>
/// <param name="Live">Which bars are live.</param>
/// <param name="Columns">The values.</param>
/// <param name="NewestDropped">The newest bar that was dropped because of the period.</param>
internal sealed record HeldBars(ReadOnlyMemory<long> Timestamps, ReadOnlyMemory<bool> Live, ColumnSource[] Columns, long? NewestDropped);
