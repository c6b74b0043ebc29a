using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>
/// A prepared statement, straight on SQLite's own interface: parameters keep their values from run to run, and numbers go
/// in and out without becoming objects. The driver's commands do neither, and a million bars feel it.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle ?? throw new InvalidOperationException("The connection is not open.");
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    /// <summary>The statement itself, for loops in which one more call a value counts.</summary>
    public sqlite3_stmt Handle => _statement;

    /// <summary>Sets the parameter at <paramref name="index"/>, from 1.</summary>
    public void Bind(int index, long value) => Check(raw.sqlite3_bind_int64(_statement, index, value));

    /// <inheritdoc cref="Bind(int, long)"/>
    public void Bind(int index, string? value) => Check(value is null
        ? raw.sqlite3_bind_null(_statement, index)
        : raw.sqlite3_bind_text(_statement, index, Encoding.UTF8.GetBytes(value).AsSpan()));

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step()
    {
        int result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
        {
            return true;
        }

        if (result != raw.SQLITE_DONE)
        {
            Check(result);
        }

        return false;
    }

    /// <summary>Back to before the first row, with the same parameters. The read of the file ends with it.</summary>
    public void Reset() => _ = raw.sqlite3_reset(_statement);

    /// <summary>
    /// The number in the column at <paramref name="index"/> (from 0), rounded down, and whether it was whole: SQLite keeps
    /// 60.5 also in a column of whole numbers. Text and nulls are not whole.
    /// </summary>
    public (long Floor, bool IsWhole) GetFloor(int index)
    {
        int type = raw.sqlite3_column_type(_statement, index);
        if (type == raw.SQLITE_INTEGER)
        {
            return (raw.sqlite3_column_int64(_statement, index), true);
        }

        double number = raw.sqlite3_column_double(_statement, index);
        double floor = Math.Floor(number);
        return ((long)floor, type == raw.SQLITE_FLOAT && floor == number);
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
