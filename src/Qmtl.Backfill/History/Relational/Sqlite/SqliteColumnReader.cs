using Qmtl.Data;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>
/// Collects the values of one payload column. The declared type decides the type of the column, unless a value does not fit:
/// SQLite keeps any value in any column. The column then widens, from flags to whole numbers to numbers to text, so that no value is lost.
/// </summary>
internal sealed class SqliteColumnReader
{
    private readonly string _name;
    private readonly int _capacity;

    // What is collected, and the same by its type where that is one of SQLite's own; a type that SQLite has no word for is text there.
    // Nothing is collected before the first value of a column without a type. Flags are collected as whole numbers.
    private ColumnBuilder? _values;
    private ColumnBuilder<double>? _numbers;
    private ColumnBuilder<long>? _wholes;
    private ColumnBuilder<string?>? _texts;
    private bool _areFlags;
    private int _nullsBefore;

    /// <summary>A reader of at most <paramref name="capacity"/> values.</summary>
    public SqliteColumnReader(StoredColumn column, int capacity)
    {
        (_name, _capacity) = (column.Name, capacity);
        BarColumnType type = column.Type.ReadAs();
        _areFlags = type == BarColumnType.Boolean;
        if (column.Type != StoredType.Any)
        {
            Become(_areFlags ? BarColumnType.Long : type);
        }
    }

    /// <summary>Takes the value of the statement's current row as the next.</summary>
    public void Read(sqlite3_stmt statement, int index)
    {
        switch (raw.sqlite3_column_type(statement, index))
        {
            case raw.SQLITE_FLOAT when _numbers is not null:
                _numbers.Add(raw.sqlite3_column_double(statement, index));
                break;
            case raw.SQLITE_INTEGER when _wholes is not null && !_areFlags:
                _wholes.Add(raw.sqlite3_column_int64(statement, index));
                break;
            case raw.SQLITE_NULL when _values is null:
                _nullsBefore++;
                break;
            case raw.SQLITE_NULL:
                _values!.AddNull();
                break;
            case raw.SQLITE_INTEGER:
                AddWhole(raw.sqlite3_column_int64(statement, index));
                break;
            case raw.SQLITE_FLOAT:
                AddNumber(raw.sqlite3_column_double(statement, index));
                break;
            case raw.SQLITE_TEXT:
                AddText(raw.sqlite3_column_text(statement, index).utf8_to_string());
                break;
            default:
                AddText(Convert.ToHexString(raw.sqlite3_column_blob(statement, index)));
                break;
        }
    }

    /// <summary>The column of the values so far.</summary>
    public BarColumn Build()
    {
        if (!_areFlags)
        {
            return _values?.Build() ?? BarColumn.OfNulls(_name, BarColumnType.Double, _nullsBefore);
        }

        BarColumn<long> wholes = _wholes!.Build();
        return new BarColumn<bool>(_name, Array.ConvertAll(wholes.Values.ToArray(), value => value != 0), wholes.Nulls);
    }

    private void AddWhole(long value)
    {
        if (_values is null)
        {
            Become(BarColumnType.Long);
        }
        else if (_wholes is null && !(_numbers is not null && IsExact(value)))
        {
            Become(BarColumnType.String);
        }

        _areFlags &= value is 0 or 1;
        _wholes?.Add(value);
        _numbers?.Add(value);
        _texts?.Add(ValueText.Of(value));
    }

    private void AddNumber(double value)
    {
        // Beyond, no double is sure to be the whole number.
        const long Largest = ColumnType.LargestExactInDouble;
        if (_values is not null && (_wholes is null || _wholes.Values.IndexOfAnyExceptInRange(-Largest, Largest) >= 0))
        {
            Become(BarColumnType.String);
            _texts!.Add(ValueText.Of(value));
            return;
        }

        Become(BarColumnType.Double);
        _numbers!.Add(value);
    }

    private void AddText(string value)
    {
        bool isOfOtherType = _values is not null && _numbers is null && _wholes is null && _texts is null;
        if (!isOfOtherType || !_values!.TryAddText(value))
        {
            Become(BarColumnType.String);
            _texts!.Add(value);
        }
    }

    private static bool IsExact(long value) => (long)(double)value == value && value != long.MaxValue;

    // Turns the values so far into the wider type.
    private void Become(BarColumnType type)
    {
        if (_texts is not null)
        {
            return;
        }

        BarColumn before = _values?.Build() ?? BarColumn.OfNulls(_name, type, _nullsBefore);
        ColumnBuilder wider = ColumnBuilder.Create(_name, type, _capacity);
        for (int row = 0; row < before.Length; row++)
        {
            if (before.IsNull(row) || !wider.TryAdd(before.GetValue(row)!))
            {
                wider.AddNull();
            }
        }

        _values = wider;
        (_numbers, _wholes, _texts) = (wider as ColumnBuilder<double>, wider as ColumnBuilder<long>, wider as ColumnBuilder<string?>);
        _areFlags &= _wholes is not null;
    }
}
