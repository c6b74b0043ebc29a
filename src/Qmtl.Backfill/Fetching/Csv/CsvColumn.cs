using Qmtl.Data;

namespace Qmtl.Fetching.Csv;

/// <summary>A payload column of the file. Looking at all of its fields tells its type.</summary>
/// <param name="name">Its name in the header.</param>
/// <param name="index">Its place in a row.</param>
internal sealed class CsvColumn(string name, int index)
{
    private readonly ColumnEvidence _evidence = new(name);

    /// <summary>The column's name as it will be stored.</summary>
    public string Name => _evidence.Name;

    /// <summary>Its place in a row.</summary>
    public int Index { get; } = index;

    /// <summary>Takes a field into account.</summary>
    public void LookAt(string field)
    {
        if (!_evidence.IsKnown)
        {
            _evidence.LookAtField(field);
        }
    }

    /// <summary>Starts to collect values of the type.</summary>
    public CsvColumnValues Collect() => _evidence.Type switch
    {
        BarColumnType.Long => new CsvColumnValues<long>(Name, ValueText.TryReadWhole, misfit: null),
        BarColumnType.Boolean => new CsvColumnValues<bool>(Name, bool.TryParse, misfit: null),
        BarColumnType.String => new CsvColumnValues<string>(Name, TryReadText, misfit: null),

        // A price that cannot be read is NaN, so that validation rejects its row and counts it.
        _ => new CsvColumnValues<double>(Name, ValueText.TryReadNumber, _evidence.IsAmount ? double.NaN : null),
    };

    private static bool TryReadText(string field, out string text)
    {
        text = CsvText.Decode(field);
        return !string.IsNullOrWhiteSpace(field);
    }
}
