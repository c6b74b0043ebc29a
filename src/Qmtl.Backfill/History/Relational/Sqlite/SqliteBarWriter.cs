using Microsoft.Data.Sqlite;
using Qmtl.Data;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>Writes bars into a SQLite table: prepared statements of many bars each, inside the session's transaction.</summary>
internal static class SqliteBarWriter
{
    // Starting a statement costs SQLite as much as writing a bar. With fifty bars in each, a million take half the time that
    // they take one by one; more gain nothing.
    private const int BarsInStatement = 50;

    // What every build of SQLite allows, whatever its other limits.
    private const int MostParameters = 999;

    private const string Stage = "temp." + TableNaming.ReservedPrefix + "stage";

    public static void Write(
        SqliteConnection connection,
        TableSchema table,
        StreamKey stream,
        IReadOnlyList<PlannedFrame> run,
        CancellationToken cancellationToken)
    {
        if (table.HasKey)
        {
            _ = Insert(connection, table, stream, run, onlyAdds: false, cancellationToken);
        }
        else
        {
            WriteWithoutKey(connection, table, stream, run, NamesOf(run), cancellationToken);
        }
    }

    /// <summary>
    /// Writes bars into a table with its key that are not there, as far as anybody knows. False where some are: these stay as they are.
    /// </summary>
    public static bool TryAdd(
        SqliteConnection connection,
        TableSchema table,
        StreamKey stream,
        IReadOnlyList<PlannedFrame> run,
        CancellationToken cancellationToken) =>
        Insert(connection, table, stream, run, onlyAdds: true, cancellationToken) == run.Sum(static frame => (long)frame.Timestamps.Length);

    private static long Insert(
        SqliteConnection connection,
        TableSchema table,
        StreamKey stream,
        IReadOnlyList<PlannedFrame> run,
        bool onlyAdds,
        CancellationToken cancellationToken) => Fill(
        bars => Prepare(connection, InsertSql(table, run[0].Columns, bars, onlyAdds), stream),
        firstParameter: 3,
        run[0].Columns.Count,
        run,
        cancellationToken);

    private static string[] NamesOf(IReadOnlyList<PlannedFrame> run) =>
        [.. run[0].Columns.Select(column => SqlText.Quote(column.Stored.Name))];

    // A table a node and a bar at a time: then the text is most of what a write costs here.
    private static string InsertSql(TableSchema table, IReadOnlyList<PlannedColumn> columns, int bars, bool onlyAdds)
    {
        if (bars == 1 && table.LastInsert is var (known, isAdding, last) && isAdding == onlyAdds && known.Length == columns.Count)
        {
            int same = 0;
            while (same < known.Length && ReferenceEquals(known[same], columns[same].Stored))
            {
                same++;
            }

            if (same == known.Length)
            {
                return last;
            }
        }

        string key = table.KeySql;
        string[] names = [.. columns.Select(column => SqlText.Quote(column.Stored.Name))];
        string update = names.Length == 0 || onlyAdds
            ? "NOTHING"
            : $"UPDATE SET {string.Join(", ", names.Select(name => $"{name} = excluded.{name}"))}";
        string sql = $"INSERT INTO {SqliteSession.NameOf(table.Table)} AS target ({string.Join(", ", [key, .. names])}) VALUES "
            + $"{RowsSql("?1, ?2, ", firstParameter: 3, names.Length, bars)} ON CONFLICT ({key}) DO {update}";
        if (bars == 1)
        {
            table.LastInsert = Tuple.Create<StoredColumn[], bool, string>([.. columns.Select(column => column.Stored)], onlyAdds, sql);
        }

        return sql;
    }

    private static SqliteStatement Prepare(SqliteConnection connection, string sql, StreamKey stream)
    {
        var statement = new SqliteStatement(connection, sql);
        statement.Bind(1, stream.NodeId);
        statement.Bind(2, stream.Interval.Number);
        return statement;
    }

    // One bracket a bar, each with a timestamp and the payload as parameters of its own.
    private static string RowsSql(string start, int firstParameter, int columns, int bars)
    {
        int width = 1 + columns;
        return string.Join(", ", Enumerable.Range(0, bars).Select(bar =>
            $"({start}{string.Join(", ", Enumerable.Range(firstParameter + (bar * width), width).Select(index => $"?{index}"))})"));
    }

    // Nothing but this code keeps a bar from being there twice in a table without the key. Such a table may have no index
    // either, so it is read once for the whole run and not once a bar.
    private static void WriteWithoutKey(
        SqliteConnection connection,
        TableSchema table,
        StreamKey stream,
        IReadOnlyList<PlannedFrame> run,
        string[] columns,
        CancellationToken cancellationToken)
    {
        string target = SqliteSession.NameOf(table.Table);
        string timestamp = SqlText.Quote(table.Timestamp.Name);
        string ofStream =
            $"{SqlText.Quote(table.NodeId.Name)} = ?1 AND {SqlText.Quote(table.Interval.Name)} = ?2 AND {timestamp} BETWEEN ?3 AND ?4";
        Run(connection, $"CREATE TABLE {Stage} (opened INTEGER PRIMARY KEY{string.Concat(columns.Select((_, index) => $", c{index}"))})");
        _ = Fill(
            bars =>
                new SqliteStatement(
                    connection, $"INSERT INTO {Stage} VALUES {RowsSql(string.Empty, firstParameter: 1, columns.Length, bars)}"),
            firstParameter: 1, columns.Length, run, cancellationToken);

        if (columns.Length > 0)
        {
            string assignments = string.Join(", ", columns.Select((column, index) => $"{column} = s.c{index}"));
            RunOnStream($"UPDATE {target} SET {assignments} FROM {Stage} AS s WHERE {ofStream} AND {timestamp} = s.opened");
        }

        string values = string.Concat(columns.Select((_, index) => $", c{index}"));
        RunOnStream(
            $"INSERT INTO {target} ({string.Join(", ", [table.KeySql, .. columns])}) SELECT ?1, ?2, opened{values} FROM {Stage} "
            + $"WHERE opened NOT IN (SELECT {timestamp} FROM {target} WHERE {ofStream})");
        Run(connection, $"DROP TABLE {Stage}");

        void RunOnStream(string sql)
        {
            using var statement = new SqliteStatement(connection, sql);
            statement.Bind(1, stream.NodeId);
            statement.Bind(2, stream.Interval.Number);
            statement.Bind(3, run[0].Timestamps.Span[0]);
            statement.Bind(4, run[^1].Timestamps.Span[^1]);
            _ = statement.Step();
        }
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var statement = new SqliteStatement(connection, sql);
        _ = statement.Step();
    }

    // Gives how many rows it has changed.
    private static long Fill(
        Func<int, SqliteStatement> prepare,
        int firstParameter,
        int columns,
        IReadOnlyList<PlannedFrame> run,
        CancellationToken cancellationToken)
    {
        int most = Math.Clamp((MostParameters - firstParameter + 1) / (1 + columns), 1, BarsInStatement);
        SqliteStatement? many = null;
        SqliteStatement? one = null;
        long changed = 0;
        try
        {
            foreach (PlannedFrame frame in run)
            {
                SqliteColumnBinder[] binders = [.. frame.Columns.Select(column => SqliteColumnBinder.Create(column.Values))];
                int rest = frame.Timestamps.Length % most;
                for (int row = 0; row < frame.Timestamps.Length - rest; row += most)
                {
                    changed += Run(many ??= prepare(most), firstParameter, frame, binders, row, most);
                    cancellationToken.ThrowIfCancellationRequested();
                }

                for (int row = frame.Timestamps.Length - rest; row < frame.Timestamps.Length; row++)
                {
                    changed += Run(one ??= prepare(1), firstParameter, frame, binders, row, 1);
                }
            }

            return changed;
        }
        finally
        {
            many?.Dispose();
            one?.Dispose();
        }
    }

    private static int Run(
        SqliteStatement statement, int parameter, PlannedFrame frame, SqliteColumnBinder[] binders, int firstRow, int rows)
    {
        sqlite3_stmt handle = statement.Handle;
        ReadOnlySpan<long> timestamps = frame.Timestamps.Span;
        for (int row = firstRow; row < firstRow + rows; row++)
        {
            _ = raw.sqlite3_bind_int64(handle, parameter++, timestamps[row]);
            foreach (SqliteColumnBinder binder in binders)
            {
                binder.Bind(handle, parameter++, row);
            }
        }

        _ = statement.Step();
        statement.Reset();
        return raw.sqlite3_changes(raw.sqlite3_db_handle(handle));
    }
}
