using System.Globalization;
using Qmtl.Data;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>
/// Collects the values of one payload column. The declared type decides the type of the column, unless a value does not fit:
/// SQLite keeps any value in any column. The column then widens, from whole numbers to numbers to text, so that no value is lost.
/// </summary>
internal sealed class SqliteColumnReader
{
    // Beyond, no double is sure to be the whole number.
    private const long LargestExactInDouble = 1L << 53;

    private readonly string _name;
    private readonly int _capacity;
    private BarColumnType? _type;
    private double[]? _doubles;
    private long[]? _longs;
    private string?[]? _texts;
    private bool[]? _nulls;

    /// <summary>A reader of at most <paramref name="capacity"/> values.</summary>
    public SqliteColumnReader(StoredColumn column, int capacity)
    {
        _name = column.Name;
        _capacity = capacity;
        if (column.Type != StoredType.Any)
        {
            Become(ColumnConversion.ColumnTypeFor(column.Type));
        }
    }

    /// <summary>Takes the value of the statement's current row as the value at <paramref name="row"/>; rows come in order.</summary>
    public void Read(sqlite3_stmt statement, int index, int row)
    {
        int stored = raw.sqlite3_column_type(statement, index);
        switch (stored)
        {
            case raw.SQLITE_FLOAT when _type == BarColumnType.Double:
                _doubles![row] = raw.sqlite3_column_double(statement, index);
                break;
            case raw.SQLITE_NULL:
                (_nulls ??= new bool[_capacity])[row] = true;
                break;
            case raw.SQLITE_INTEGER:
                ReadWhole(raw.sqlite3_column_int64(statement, index), row);
                break;
            case raw.SQLITE_FLOAT:
                ReadNumber(raw.sqlite3_column_double(statement, index), row);
                break;
            default:
                Widen(BarColumnType.String, row);
                _texts![row] = stored == raw.SQLITE_TEXT
                    ? raw.sqlite3_column_text(statement, index).utf8_to_string()
                    : Convert.ToHexString(raw.sqlite3_column_blob(statement, index));
                break;
        }
    }

    /// <summary>The column of the first <paramref name="count"/> values.</summary>
    public BarColumn Build(int count)
    {
        ReadOnlyMemory<bool> nulls = _nulls is null ? default : _nulls.AsMemory(0, count);
        return _type switch
        {
            BarColumnType.Double => new BarColumn<double>(_name, _doubles.AsMemory(0, count), nulls),
            BarColumnType.Long => new BarColumn<long>(_name, _longs.AsMemory(0, count), nulls),
            BarColumnType.Boolean => new BarColumn<bool>(_name, Array.ConvertAll(_longs![..count], value => value != 0), nulls),
            BarColumnType.String => new BarColumn<string?>(_name, _texts.AsMemory(0, count)),
            _ => BarColumn.OfNulls(_name, BarColumnType.Double, count),
        };
    }

    private void ReadWhole(long value, int row)
    {
        bool fits = _type switch
        {
            BarColumnType.Long or BarColumnType.String => true,
            BarColumnType.Boolean => value is 0 or 1,
            BarColumnType.Double => (long)(double)value == value && value != long.MaxValue,
            _ => false,
        };
        if (!fits)
        {
            Widen(_type == BarColumnType.Double ? BarColumnType.String : BarColumnType.Long, row);
        }

        switch (_type)
        {
            case BarColumnType.Double:
                _doubles![row] = value;
                break;
            case BarColumnType.String:
                _texts![row] = value.ToString(CultureInfo.InvariantCulture);
                break;
            default:
                _longs![row] = value;
                break;
        }
    }

    private void ReadNumber(double value, int row)
    {
        if (_type == BarColumnType.String)
        {
            _texts![row] = value.ToString("R", CultureInfo.InvariantCulture);
            return;
        }

        if (_type == BarColumnType.Long && _longs!.AsSpan(0, row).IndexOfAnyExceptInRange(-LargestExactInDouble, LargestExactInDouble) >= 0)
        {
            Widen(BarColumnType.String, row);
            ReadNumber(value, row);
            return;
        }

        Widen(BarColumnType.Double, row);
        _doubles![row] = value;
    }

    // Turns the values so far into the wider type.
    private void Widen(BarColumnType type, int rows)
    {
        if (_type == type)
        {
            return;
        }

        BarColumn before = Build(rows);
        bool isFlag = _type == BarColumnType.Boolean;
        Become(type);
        for (int row = 0; row < rows; row++)
        {
            if (before.GetValue(row) is not { } value)
            {
                continue;
            }

            if (type == BarColumnType.String)
            {
                _texts![row] = isFlag ? ((bool)value ? "1" : "0") : Convert.ToString(value, CultureInfo.InvariantCulture);
            }
            else if (type == BarColumnType.Double)
            {
                _doubles![row] = Convert.ToDouble(value, CultureInfo.InvariantCulture);
            }
            else
            {
                _longs![row] = Convert.ToInt64(value, CultureInfo.InvariantCulture);
            }
        }
    }

    private void Become(BarColumnType type)
    {
        _type = type;
        (_doubles, _longs, _texts) = type switch
        {
            BarColumnType.Double => (new double[_capacity], null, null),
            BarColumnType.String => (null, null, new string?[_capacity]),
            _ => ((double[]?)null, new long[_capacity], (string?[]?)null),
        };
    }
}
