using Qmtl.Data;

namespace Qmtl.Fetching.Csv;

/// <summary>Reads a field.</summary>
internal delegate bool TryReadField<T>(string field, out T value);

/// <summary>The values of a column while an answer is read.</summary>
internal abstract class CsvColumnValues
{
    /// <summary>Adds a field: null where it is empty or says that there is no value. False where it should have been read and could not.</summary>
    public abstract bool TryAdd(string field);

    public abstract BarColumn Build();
}

/// <summary>The same, typed.</summary>
/// <param name="name">The column's name.</param>
/// <param name="read">Reads a field.</param>
/// <param name="misfit">What a field that cannot be read is; null where it is null.</param>
internal sealed class CsvColumnValues<T>(string name, TryReadField<T> read, object? misfit) : CsvColumnValues
{
    private readonly List<T> _values = [];
    private readonly List<bool> _nulls = [];

    public override bool TryAdd(string field)
    {
        bool isRead = read(field, out T value);
        bool isMisfit = !isRead && !ValueText.IsAbsent(field);
        _values.Add(isRead ? value : isMisfit && misfit is T instead ? instead : default!);
        _nulls.Add(!isRead && !(isMisfit && misfit is not null));
        return !isMisfit;
    }

    public override BarColumn Build() => new BarColumn<T>(name, _values.ToArray(), _nulls.ToArray());
}
