using System.Globalization;
using System.Numerics;

namespace Qmtl.Data;

/// <summary>
/// A column that is still being filled with values of unknown type; <see cref="ColumnEvidence"/> chooses its type at the end.
/// </summary>
internal sealed class PendingColumn(string name)
{
    private readonly List<object?> _values = [];
    private readonly ColumnEvidence _evidence = new(name);

    public void Set(int row, object? value)
    {
        if (value is WholeNumber declared)
        {
            _evidence.DeclareWhole();
            value = declared.Value;
        }

        while (_values.Count < row)
        {
            _values.Add(null);
        }

        object? simple = Simplify(value);
        if (_values.Count == row)
        {
            _values.Add(simple);
        }
        else
        {
            _values[row] = simple;
        }
    }

    /// <summary>The column of so many rows.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="misfit">Told of each text that should be a number and is none, with its row.</param>
    public BarColumn Build(int rows, Action<int, string, string> misfit)
    {
        Set(rows, null);
        _values.RemoveAt(rows);
        _values.ForEach(_evidence.LookAt);
        ColumnBuilder column = ColumnBuilder.Create(_evidence.Name, _evidence.Type, rows);
        for (int row = 0; row < rows; row++)
        {
            if (_values[row] is not { } value)
            {
                column.AddNull();
            }
            else if (!column.TryAdd(value) && _evidence.AddMisfit(column, value))
            {
                misfit(row, _evidence.Name, ValueText.Of(value)!);
            }
        }

        return column.Build();
    }

    private static object? Simplify(object? value) => value switch
    {
        null or DBNull => null,
        double or long or bool or string => value,
        float or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        Half half => (double)half,
        sbyte or byte or short or ushort or int or uint => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        ulong and <= long.MaxValue => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        ulong big => (double)big,
        BigInteger big => big >= long.MinValue && big <= long.MaxValue ? (long)big : (double)big,
        DateTime or DateTimeOffset or DateOnly or TimeOnly => ((IFormattable)value).ToString("o", CultureInfo.InvariantCulture),
        _ => ValueText.Of(value),
    };
}

/// <summary>A value whose type declares 64-bit whole numbers for its whole column: such a column does not become one of doubles.</summary>
/// <param name="Value">The value.</param>
internal sealed record WholeNumber(object? Value)
{
    /// <summary>Whether the type declares it.</summary>
    public static bool IsDeclaredBy(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(long) || plain == typeof(ulong));

    /// <summary>The value as its type declares it.</summary>
    public static object? Of(Type type, object? value) => IsDeclaredBy(type) ? new WholeNumber(value) : value;

    /// <summary>The value itself, declared or not.</summary>
    public static object? Unwrap(object? value) => value is WholeNumber declared ? declared.Value : value;
}
