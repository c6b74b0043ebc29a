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
    public ColumnBuilder Collect() => ColumnBuilder.Create(Name, _evidence.Type);

    /// <summary>Adds a field: null where it says that there is no value. False where it should have been read and could not.</summary>
    public bool TryAdd(ColumnBuilder values, string field)
    {
        if (values.TryAddText(values is ColumnBuilder<string?> ? CsvText.Decode(field) : field))
        {
            return true;
        }

        bool isMisfit = !ValueText.IsAbsent(field);
        values.AddMisfit(isMisfit && _evidence.IsAmount);
        return !isMisfit;
    }
}
