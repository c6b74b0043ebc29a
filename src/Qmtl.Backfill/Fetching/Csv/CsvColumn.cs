using System.Globalization;
using Qmtl.Data;

namespace Qmtl.Fetching.Csv;

/// <summary>A payload column of the file. Looking at all of its fields finds the narrowest type that holds them.</summary>
internal sealed class CsvColumn(string name, int index)
{
    private bool _any;
    private bool _longs = true;
    private bool _numbers = true;
    private bool _flags = true;

    /// <summary>The column's name as it will be stored.</summary>
    public string Name { get; } = ColumnNames.IsMeasure(name) ? name.ToLowerInvariant() : name;

    /// <summary>Its place in a row.</summary>
    public int Index { get; } = index;

    /// <summary>Whether its fields have to be looked at; a price or volume is a number whatever it looks like.</summary>
    public bool IsOpen { get; } = !ColumnNames.IsMeasure(name);

    /// <summary>The type of all fields looked at.</summary>
    public BarColumnType Type => (IsOpen, _any, _longs, _numbers, _flags) switch
    {
        (false, _, _, _, _) or (_, false, _, _, _) => BarColumnType.Double,
        (_, _, true, _, _) => BarColumnType.Long,
        (_, _, _, true, _) => BarColumnType.Double,
        (_, _, _, _, true) => BarColumnType.Boolean,
        _ => BarColumnType.String,
    };

    /// <summary>Takes a field into account.</summary>
    public void LookAt(string field)
    {
        if (string.IsNullOrWhiteSpace(field))
        {
            return;
        }

        _any = true;
        _longs = _longs && TryReadLong(field, out _);
        _numbers = _numbers && TryReadNumber(field, out _);
        _flags = _flags && bool.TryParse(field, out _);
    }

    /// <summary>Starts to collect values of the type.</summary>
    public CsvColumnValues Collect() => Type switch
    {
        BarColumnType.Long => new CsvColumnValues<long>(Name, static field => TryReadLong(field, out long value) ? value : 0),
        BarColumnType.Boolean => new CsvColumnValues<bool>(Name, static field => bool.TryParse(field, out bool value) && value),
        BarColumnType.String => new CsvColumnValues<string?>(Name, CsvText.Decode),

        // A price that is no number becomes NaN, so that validation rejects the row and counts it.
        _ => new CsvColumnValues<double>(Name, static field => TryReadNumber(field, out double value) ? value : double.NaN),
    };

    private static bool TryReadLong(string field, out long value) =>
        long.TryParse(field, NumberStyles.Integer, CultureInfo.InvariantCulture, out value);

    private static bool TryReadNumber(string field, out double value) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
}
