using Qmtl.Data;

namespace Qmtl.Fetching.Csv;

/// <summary>The values of a column while an answer is read. An empty field is null.</summary>
internal abstract class CsvColumnValues
{
    public abstract void Add(string field);

    public abstract BarColumn Build();
}

/// <summary>The same, typed.</summary>
internal sealed class CsvColumnValues<T>(string name, Func<string, T> read) : CsvColumnValues
{
    private readonly List<T> _values = [];
    private readonly List<bool> _nulls = [];

    public override void Add(string field)
    {
        bool isNull = string.IsNullOrWhiteSpace(field);
        _nulls.Add(isNull);
        _values.Add(isNull ? default! : read(field));
    }

    public override BarColumn Build() => new BarColumn<T>(name, _values.ToArray(), _nulls.ToArray());
}
