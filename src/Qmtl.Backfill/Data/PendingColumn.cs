using System.Globalization;

namespace Qmtl.Data;

/// <summary>A column that is still being filled with values of unknown type; the narrowest type that holds them all is chosen at the end.</summary>
internal sealed class PendingColumn(string name)
{
    private readonly List<object?> _values = [];
    private readonly bool _isMeasure = ColumnNames.IsMeasure(name);

    public void Set(int row, object? value)
    {
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

    public BarColumn Build(int rows)
    {
        Set(rows, null);
        _values.RemoveAt(rows);
        return ChooseType() switch
        {
            BarColumnType.Double => Typed(static value => value is string text ? ParseNumber(text) : Convert.ToDouble(value, CultureInfo.InvariantCulture)),
            BarColumnType.Long => Typed(static value => (long)value),
            BarColumnType.Boolean => Typed(static value => (bool)value),
            _ => new BarColumn<string?>(name, _values.ConvertAll(AsText).ToArray()),
        };
    }

    // A measure that is no number is kept as NaN here, so that validation rejects the row and counts it.
    private static double ParseNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN;

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
        DateTime or DateTimeOffset => ((IFormattable)value).ToString("o", CultureInfo.InvariantCulture),
        _ => AsText(value),
    };

    private BarColumnType ChooseType()
    {
        if (_isMeasure)
        {
            return BarColumnType.Double;
        }

        bool longs = true;
        bool numbers = true;
        bool flags = true;
        bool any = false;
        foreach (object? value in _values)
        {
            if (value is null)
            {
                continue;
            }

            any = true;
            longs &= value is long;
            numbers &= value is long or double;
            flags &= value is bool;
        }

        // A column of nothing but nulls says nothing of its type; stores leave such a column out until it has a value.
        return (any, longs, numbers, flags) switch
        {
            (false, _, _, _) => BarColumnType.Double,
            (_, true, _, _) => BarColumnType.Long,
            (_, _, true, _) => BarColumnType.Double,
            (_, _, _, true) => BarColumnType.Boolean,
            _ => BarColumnType.String,
        };
    }

    private BarColumn<T> Typed<T>(Func<object, T> convert)
        where T : struct
    {
        var values = new T[_values.Count];
        bool[] nulls = new bool[_values.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (_values[i] is { } value)
            {
                values[i] = convert(value);
            }
            else
            {
                nulls[i] = true;
            }
        }

        return new BarColumn<T>(name, values, nulls);
    }
}
