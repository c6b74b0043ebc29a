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

    // Flags are collected as whole numbers. Nothing is collected before the first value of a column without a type.
    private bool _areFlags;
    private ColumnBuilder<double>? _numbers;
    private ColumnBuilder<long>? _wholes;
    private ColumnBuilder<string?>? _texts;
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

    private ColumnBuilder? Values => _numbers ?? (ColumnBuilder?)_wholes ?? _texts;

    /// <summary>Takes the value of the statement's current row as the next.</summary>
    public void Read(sqlite3_stmt statement, int index)
    {
        switch (raw.sqlite3_column_type(statement, index))
        {
            case raw.SQLITE_FLOAT when _numbers is not null:
                _numbers.Add(raw.sqlite3_column_double(statement, index));
                break;
            case raw.SQLITE_NULL when Values is null:
                _nullsBefore++;
                break;
            case raw.SQLITE_NULL:
                Values!.AddNull();
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
            return Values?.Build() ?? BarColumn.OfNulls(_name, BarColumnType.Double, _nullsBefore);
        }

        BarColumn<long> wholes = _wholes!.Build();
        return new BarColumn<bool>(_name, Array.ConvertAll(wholes.Values.ToArray(), value => value != 0), wholes.Nulls);
    }

    private void AddWhole(long value)
    {
        if (_numbers is not null && !IsExact(value))
        {
            Become(BarColumnType.String);
        }
        else if (Values is null)
        {
            Become(BarColumnType.Long);
        }

        _areFlags &= value is 0 or 1;
        _wholes?.Add(value);
        _numbers?.Add(value);
        _texts?.Add(ValueText.Of(value));
    }

    private void AddNumber(double value)
    {
        if (_texts is not null)
        {
            _texts.Add(ValueText.Of(value));
            return;
        }

        // Beyond, no double is sure to be the whole number.
        const long Largest = ColumnType.LargestExactInDouble;
        if (_wholes is not null && _wholes.Values.IndexOfAnyExceptInRange(-Largest, Largest) >= 0)
        {
            AddText(ValueText.Of(value)!);
            return;
        }

        Become(BarColumnType.Double);
        _numbers!.Add(value);
    }

    private void AddText(string value)
    {
        Become(BarColumnType.String);
        _texts!.Add(value);
    }

    private static bool IsExact(long value) => (long)(double)value == value && value != long.MaxValue;

    // Turns the values so far into the wider type.
    private void Become(BarColumnType type)
    {
        if (_texts is not null)
        {
            return;
        }

        BarColumn before = Values?.Build() ?? BarColumn.OfNulls(_name, type, _nullsBefore);
        ColumnBuilder wider = ColumnBuilder.Create(_name, type, _capacity);
        for (int row = 0; row < before.Length; row++)
        {
            if (before.GetValue(row) is { } value)
            {
                _ = wider.TryAdd(value);
            }
            else
            {
                wider.AddNull();
            }
        }

        (_numbers, _wholes, _texts) = (wider as ColumnBuilder<double>, wider as ColumnBuilder<long>, wider as ColumnBuilder<string?>);
        _areFlags &= _wholes is not null;
    }
}
