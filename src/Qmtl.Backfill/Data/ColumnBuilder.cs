using System.Runtime.CompilerServices;

namespace Qmtl.Data;

/// <summary>A column that is being filled, row after row.</summary>
/// <param name="name">The column's name.</param>
internal abstract class ColumnBuilder(string name)
{
    /// <summary>The column's name.</summary>
    public string Name => name;

    /// <summary>How many rows there are so far.</summary>
    public int Count { get; private protected set; }

    /// <summary>A builder of a column of <paramref name="type"/>, with room for so many rows before it has to grow.</summary>
    public static ColumnBuilder Create(string name, BarColumnType type, int capacity = 0) => ColumnType.Of(type).NewBuilder(name, capacity);

    /// <summary>Adds a null.</summary>
    public abstract void AddNull();

    /// <summary>Adds a double, a long, a bool or a text as a value of the column's type; false where it is none.</summary>
    public abstract bool TryAdd(object value);

    /// <summary>Adds a field of a text file; false where it is no value of the column's type.</summary>
    public abstract bool TryAddText(string field);

    /// <summary>Adds a row of a column of the same type.</summary>
    public abstract void Add(BarColumn from, int row);

    /// <summary>The column of the rows so far. It keeps the builder's memory, so that nothing may be added any more.</summary>
    public abstract BarColumn Build();
}

/// <inheritdoc/>
/// <typeparam name="T">The type of the values, one of those of <see cref="ColumnType"/>.</typeparam>
/// <param name="name">The column's name.</param>
/// <param name="capacity">How many rows there is room for before it has to grow.</param>
internal sealed class ColumnBuilder<T>(string name, int capacity = 0) : ColumnBuilder(name)
{
    private const int SmallestCapacity = 16;

    private T[] _values = capacity == 0 ? [] : new T[capacity];

    // Made with the first null, and never for texts, which are null by themselves.
    private bool[]? _nulls;

    /// <summary>The values so far; what stands in a null means nothing.</summary>
    public ReadOnlySpan<T> Values => _values.AsSpan(0, Count);

    /// <summary>Adds a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T value)
    {
        int row = Count;
        if ((uint)row >= (uint)_values.Length)
        {
            MakeRoom(1);
        }

        _values[row] = value;
        Count = row + 1;
    }

    /// <inheritdoc/>
    public override void AddNull()
    {
        Add(default!);
        if (typeof(T).IsValueType)
        {
            (_nulls ??= new bool[_values.Length])[Count - 1] = true;
        }
    }

    /// <summary>Adds values.</summary>
    /// <param name="values">The values.</param>
    /// <param name="nulls">Empty if no value is null, otherwise true for each one that is.</param>
    public void AddRange(ReadOnlySpan<T> values, ReadOnlySpan<bool> nulls = default)
    {
        MakeRoom(values.Length);
        values.CopyTo(_values.AsSpan(Count));
        if (typeof(T).IsValueType && nulls.Contains(true))
        {
            nulls.CopyTo((_nulls ??= new bool[_values.Length]).AsSpan(Count));
        }

        Count += values.Length;
    }

    /// <inheritdoc/>
    public override bool TryAdd(object value)
    {
        if (value is T exact)
        {
            Add(exact);
            return true;
        }

        bool isValue = ColumnType<T>.Instance.TryConvert(value, out T? converted);
        if (isValue)
        {
            Add(converted!);
        }

        return isValue;
    }

    /// <inheritdoc/>
    public override bool TryAddText(string field)
    {
        bool isValue = ColumnType<T>.Instance.TryReadText(field, out T? value);
        if (isValue)
        {
            Add(value!);
        }

        return isValue;
    }

    /// <inheritdoc/>
    public override void Add(BarColumn from, int row)
    {
        if (from.IsNull(row))
        {
            AddNull();
        }
        else
        {
            Add(((BarColumn<T>)from).Values.Span[row]);
        }
    }

    /// <inheritdoc cref="ColumnBuilder.Build"/>
    public override BarColumn<T> Build() => new(Name, _values.AsMemory(0, Count), _nulls is null ? default : _nulls.AsMemory(0, Count));

    private void MakeRoom(int rows)
    {
        if (rows <= _values.Length - Count)
        {
            return;
        }

        int capacity = Math.Max(Math.Max(SmallestCapacity, _values.Length * 2), Count + rows);
        Array.Resize(ref _values, capacity);
        if (_nulls is not null)
        {
            Array.Resize(ref _nulls, capacity);
        }
    }
}
