using System.Runtime.InteropServices;

namespace Qmtl.Data;

/// <summary>A payload column whose values lie side by side in memory.</summary>
/// <typeparam name="T">The type of the values, as <see cref="BarColumnType"/> lists them.</typeparam>
public sealed class BarColumn<T> : BarColumn
{
    private readonly ReadOnlyMemory<bool> _nulls;

    /// <summary>A column over <paramref name="values"/>, which it keeps and does not copy.</summary>
    /// <param name="name">The column's name, for example <c>close</c>.</param>
    /// <param name="values">One value a row; what stands in a null row is ignored.</param>
    /// <param name="nulls">Empty where no row is null, otherwise true in each row that is. A null string needs no mark.</param>
    /// <exception cref="ArgumentException">The lengths differ, or <typeparamref name="T"/> is not a column type.</exception>
    public BarColumn(string name, ReadOnlyMemory<T> values, ReadOnlyMemory<bool> nulls = default)
        : base(name, ColumnType<T>.Instance.Type, values.Length)
    {
        if (!nulls.IsEmpty && nulls.Length != values.Length)
        {
            throw new ArgumentException($"Column '{name}' has {values.Length} values but {nulls.Length} null marks.", nameof(nulls));
        }

        Values = values;
        _nulls = nulls.Span.Contains(true) ? nulls : default;
    }

    /// <summary>One value a row; what stands in a null row means nothing.</summary>
    public ReadOnlyMemory<T> Values { get; }

    /// <summary>
    /// The values as a piece of an array: a span cannot be kept, and finding it again for every value costs more than the value.
    /// </summary>
    internal ArraySegment<T> Segment =>
        MemoryMarshal.TryGetArray(Values, out ArraySegment<T> segment) ? segment : Values.ToArray();

    /// <summary>Empty where no row is null, otherwise true in each row that is.</summary>
    public ReadOnlyMemory<bool> Nulls => _nulls;

    /// <inheritdoc/>
    public override bool HasNulls => !_nulls.IsEmpty || (!typeof(T).IsValueType && Values.Span.Contains(default!));

    /// <inheritdoc/>
    public override bool IsNull(int index) => (!_nulls.IsEmpty && _nulls.Span[index]) || Values.Span[index] is null;

    /// <inheritdoc/>
    public override object? GetValue(int index) => IsNull(index) ? null : Values.Span[index];

    /// <inheritdoc/>
    public override string? GetText(int index) => IsNull(index) ? null : ValueText.Of(Values.Span[index]);

    /// <inheritdoc/>
    public override BarColumn Slice(int start, int length) =>
        new BarColumn<T>(Name, Values.Slice(start, length), _nulls.IsEmpty ? default : _nulls.Slice(start, length));

    /// <inheritdoc/>
    public override BarColumn Select(ReadOnlySpan<int> indexes)
    {
        var values = new T[indexes.Length];
        ReadOnlySpan<T> from = Values.Span;
        for (int i = 0; i < indexes.Length; i++)
        {
            values[i] = from[indexes[i]];
        }

        if (_nulls.IsEmpty)
        {
            return new BarColumn<T>(Name, values);
        }

        bool[] nulls = new bool[indexes.Length];
        ReadOnlySpan<bool> marks = _nulls.Span;
        for (int i = 0; i < indexes.Length; i++)
        {
            nulls[i] = marks[indexes[i]];
        }

        return new BarColumn<T>(Name, values, nulls);
    }
}
