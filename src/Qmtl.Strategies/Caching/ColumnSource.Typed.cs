using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Caching;

/// <inheritdoc/>
internal sealed class ColumnSource<T> : ColumnSource
{
    private int _length;

    public ColumnSource(string name)
        : base(name)
    {
    }

    public ColumnSource(string name, T[] values, int offset, int length, bool[]? nulls)
        : base(name)
    {
        (Values, Offset, _length, Nulls, NullsOffset) = (values, offset, length, nulls, offset);
    }

    public override Type ElementType => typeof(T);

    /// <summary>The array that holds row 0 at <see cref="Offset"/>.</summary>
    public T[] Values { get; private set; } = [];

    public int Offset { get; private set; }

    /// <summary>True in each row that is null, row 0 at <see cref="NullsOffset"/>; null where no row is.</summary>
    public bool[]? Nulls { get; private set; }

    public int NullsOffset { get; private set; }

    public override bool TryRebind(BarColumn column)
    {
        if (column is not BarColumn<T> typed || !SameName(column.Name))
        {
            return false;
        }

        (Values, Offset) = ArrayOf(typed.Values);
        (Nulls, NullsOffset) = typed.Nulls.IsEmpty ? (null, 0) : ArrayOf(typed.Nulls);
        _length = column.Length;
        return true;
    }

    public override void Release() => (Values, Offset, _length, Nulls, NullsOffset) = ([], 0, 0, null, 0);

    public bool IsNull(int row) => (Nulls is not null && Nulls[NullsOffset + row]) || Values[Offset + row] is null;

    public override bool IsAllNull()
    {
        for (int row = 0; row < _length; row++)
        {
            if (!IsNull(row))
            {
                return false;
            }
        }

        return true;
    }

    public override ColumnSource<double>? TryWiden()
    {
        if (this is not ColumnSource<long> whole)
        {
            return null;
        }

        double[] values = new double[_length];
        for (int row = 0; row < values.Length; row++)
        {
            if (!whole.IsNull(row) && !IsExact(whole.Values[whole.Offset + row], out values[row]))
            {
                return null;
            }
        }

        return new ColumnSource<double>(Name, values, 0, values.Length, Nulls?.AsSpan(NullsOffset, _length).ToArray());
    }

    public override BufferColumn CreateColumn(int capacity) => new BufferColumn<T>(Name, capacity);

    // The cast back saturates, so 2^63, to which the largest longs are rounded, has to be kept out of it.
    private static bool IsExact(long whole, out double number)
    {
        number = whole;
        return number < long.MaxValue && (long)number == whole;
    }

    private static (TItem[] Array, int Offset) ArrayOf<TItem>(ReadOnlyMemory<TItem> memory) =>
        MemoryMarshal.TryGetArray(memory, out ArraySegment<TItem> segment) ? (segment.Array!, segment.Offset) : (memory.ToArray(), 0);

    private bool SameName(string name) => ReferenceEquals(name, Name) || string.Equals(name, Name, StringComparison.OrdinalIgnoreCase);
}
