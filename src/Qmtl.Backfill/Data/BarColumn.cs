namespace Qmtl.Data;

/// <summary>A named, typed payload column; the typed values are on <see cref="BarColumn{T}"/>.</summary>
public abstract class BarColumn
{
    private protected BarColumn(string name, BarColumnType type, int length)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new ArgumentException("A payload column has a blank name. Name it at the source, or leave it out.", nameof(name));
        }

        Name = name;
        Type = type;
        Length = length;
    }

    /// <summary>The column's name, for example <c>close</c>.</summary>
    public string Name { get; }

    /// <summary>The type of the values.</summary>
    public BarColumnType Type { get; }

    /// <summary>How many rows there are.</summary>
    public int Length { get; }

    /// <summary>Whether any row is null; if none is, readers need not look row by row.</summary>
    public abstract bool HasNulls { get; }

    /// <summary>Whether the row at <paramref name="index"/> is null.</summary>
    public abstract bool IsNull(int index);

    /// <summary>
    /// The value at <paramref name="index"/> as an object, or null. It boxes: hot paths read <see cref="BarColumn{T}.Values"/>.
    /// </summary>
    public abstract object? GetValue(int index);

    /// <summary>The rows from <paramref name="start"/> on, <paramref name="length"/> of them, without copying.</summary>
    public abstract BarColumn Slice(int start, int length);

    /// <summary>The rows at <paramref name="indexes"/>, in that order, copied.</summary>
    public abstract BarColumn Select(ReadOnlySpan<int> indexes);

    /// <summary>The value at <paramref name="index"/> as text that every program reads back (<c>1.5</c>, <c>true</c>), or null.</summary>
    public abstract string? GetText(int index);

    /// <summary>A column of <paramref name="type"/> that is null in each of <paramref name="length"/> rows.</summary>
    public static BarColumn OfNulls(string name, BarColumnType type, int length) => ColumnType.Of(type).OfNulls(name, length);

    /// <summary>Whether no row has a value; a NaN is none.</summary>
    internal bool IsAllNull => FirstValue() < 0;

    /// <summary>The first row that has a value, or -1; a NaN is none.</summary>
    internal int FirstValue()
    {
        for (int row = 0; row < Length; row++)
        {
            if (!IsNull(row) && !(this is BarColumn<double> numbers && double.IsNaN(numbers.Values.Span[row])))
            {
                return row;
            }
        }

        return -1;
    }
}
