using System.Globalization;
using System.Numerics;

namespace Qmtl.Data;

/// <summary>A column that is still being filled with values of unknown type; <see cref="ColumnEvidence"/> chooses its type at the end.</summary>
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
        return _evidence.Type switch
        {
            BarColumnType.Double => Typed(ReadDouble, misfit),
            BarColumnType.Long => Typed(ReadLong, misfit),
            BarColumnType.Boolean => Typed(static value => value as bool?, misfit),
            _ => new BarColumn<string?>(_evidence.Name, _values.ConvertAll(AsText).ToArray()),
        };
    }

    private static double? ReadDouble(object value) => value switch
    {
        double number => number,
        long number => number,
        string text when ValueText.TryReadNumber(text, out double number) => number,
        _ => null,
    };

    private static long? ReadLong(object value) => value switch
    {
        long number => number,
        double number => (long)number,
        string text when ValueText.TryReadWhole(text, out long number) => number,
        string text when ValueText.TryReadNumber(text, out double number) => (long)number,
        _ => null,
    };

    private static string? AsText(object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

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
        _ => AsText(value),
    };

    private BarColumn<T> Typed<T>(Func<object, T?> read, Action<int, string, string> misfit)
        where T : struct
    {
        var values = new T[_values.Count];
        bool[] nulls = new bool[_values.Count];
        for (int row = 0; row < values.Length; row++)
        {
            if (_values[row] is { } value && read(value) is { } known)
            {
                values[row] = known;
                continue;
            }

            bool isMisfit = _values[row] is { } odd && !(odd is string text && ValueText.IsAbsent(text));
            if (isMisfit)
            {
                misfit(row, _evidence.Name, AsText(_values[row])!);
            }

            // A price that cannot be read is NaN, so that validation rejects its row and counts it.
            nulls[row] = !(isMisfit && _evidence.IsAmount && typeof(T) == typeof(double));
            values[row] = nulls[row] ? default : (T)(object)double.NaN;
        }

        return new BarColumn<T>(_evidence.Name, values, nulls);
    }
}

/// <summary>A value whose type declares 64-bit whole numbers for its whole column: such a column does not become one of doubles.</summary>
/// <param name="Value">The value.</param>
internal sealed record WholeNumber(object? Value)
{
    /// <summary>Whether the type declares it.</summary>
    public static bool IsDeclaredBy(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(long) || plain == typeof(ulong));

    /// <summary>The value as its type declares it.</summary>
    public static object? Of(Type type, object? value) => IsDeclaredBy(type) ? new WholeNumber(value) : value;

    /// <summary>The value itself, declared or not.</summary>
    public static object? Unwrap(object? value) => value is WholeNumber declared ? declared.Value : value;
}
