using Microsoft.Data.Sqlite;
using Qmtl.Data;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>Writes bars into a SQLite table: one prepared statement, run once a bar, inside the session's transaction.</summary>
internal static class SqliteBarWriter
{
    private const string Stage = "temp." + TableNaming.ReservedPrefix + "stage";

    public static void Write(SqliteConnection connection, TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        string[] columns = [.. run[0].Columns.Select(column => SqlText.Quote(column.Stored.Name))];
        if (table.HasKey)
        {
            using var upsert = new SqliteStatement(connection, UpsertSql(table, columns));
            upsert.Bind(1, stream.NodeId);
            upsert.Bind(2, stream.Interval.Seconds);
            Fill(upsert, firstParameter: 3, run, cancellationToken);
        }
        else
        {
            WriteWithoutKey(connection, table, stream, run, columns, cancellationToken);
        }
    }

    private static string UpsertSql(TableSchema table, string[] columns)
    {
        string key = KeySql(table);
        string parameters = string.Join(", ", Enumerable.Range(1, 3 + columns.Length).Select(index => $"?{index}"));
        string update = columns.Length == 0 ? "NOTHING" : $"UPDATE SET {string.Join(", ", columns.Select(column => $"{column} = excluded.{column}"))}";
        return $"INSERT INTO {SqliteSession.NameOf(table.Table)} AS target ({string.Join(", ", [key, .. columns])}) VALUES ({parameters}) ON CONFLICT ({key}) DO {update}";
    }

    // Nothing but this code keeps a bar from being there twice in a table without the key. Such a table may have no index
    // either, so it is read once for the whole run and not once a bar.
    private static void WriteWithoutKey(
        SqliteConnection connection, TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, string[] columns, CancellationToken cancellationToken)
    {
        string target = SqliteSession.NameOf(table.Table);
        string timestamp = SqlText.Quote(table.Timestamp.Name);
        string ofStream = $"{SqlText.Quote(table.NodeId.Name)} = ?1 AND {SqlText.Quote(table.Interval.Name)} = ?2 AND {timestamp} BETWEEN ?3 AND ?4";
        Run(connection, $"CREATE TABLE {Stage} (opened INTEGER PRIMARY KEY{string.Concat(columns.Select((_, index) => $", c{index}"))})");
        using (var fill = new SqliteStatement(connection, $"INSERT INTO {Stage} VALUES (?1{string.Concat(columns.Select((_, index) => $", ?{index + 2}"))})"))
        {
            Fill(fill, firstParameter: 1, run, cancellationToken);
        }

        if (columns.Length > 0)
        {
            string assignments = string.Join(", ", columns.Select((column, index) => $"{column} = s.c{index}"));
            RunOnStream($"UPDATE {target} SET {assignments} FROM {Stage} AS s WHERE {ofStream} AND {timestamp} = s.opened");
        }

        string values = string.Concat(columns.Select((_, index) => $", c{index}"));
        RunOnStream(
            $"INSERT INTO {target} ({string.Join(", ", [KeySql(table), .. columns])}) SELECT ?1, ?2, opened{values} FROM {Stage} "
            + $"WHERE opened NOT IN (SELECT {timestamp} FROM {target} WHERE {ofStream})");
        Run(connection, $"DROP TABLE {Stage}");

        void RunOnStream(string sql)
        {
            using var statement = new SqliteStatement(connection, sql);
            statement.Bind(1, stream.NodeId);
            statement.Bind(2, stream.Interval.Seconds);
            statement.Bind(3, run[0].Timestamps.Span[0]);
            statement.Bind(4, run[^1].Timestamps.Span[^1]);
            _ = statement.Step();
        }
    }

    private static string KeySql(TableSchema table) =>
        $"{SqlText.Quote(table.NodeId.Name)}, {SqlText.Quote(table.Interval.Name)}, {SqlText.Quote(table.Timestamp.Name)}";

    private static void Run(SqliteConnection connection, string sql)
    {
        using var statement = new SqliteStatement(connection, sql);
        _ = statement.Step();
    }

    private static void Fill(SqliteStatement statement, int firstParameter, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        sqlite3_stmt handle = statement.Handle;
        foreach (PlannedFrame frame in run)
        {
            SqliteColumnBinder[] binders = [.. frame.Columns.Select((column, index) => SqliteColumnBinder.Create(column.Values, firstParameter + 1 + index))];
            ReadOnlySpan<long> timestamps = frame.Timestamps.Span;
            for (int row = 0; row < timestamps.Length; row++)
            {
                _ = raw.sqlite3_bind_int64(handle, firstParameter, timestamps[row]);
                foreach (SqliteColumnBinder binder in binders)
                {
                    binder.Bind(handle, row);
                }

                _ = statement.Step();
                statement.Reset();
                if ((row & 0xfff) == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
    }
}
