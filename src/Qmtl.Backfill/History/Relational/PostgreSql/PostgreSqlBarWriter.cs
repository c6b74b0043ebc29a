using Npgsql;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Writes bars into a PostgreSQL table by binary COPY: straight into the table where the bars are new, which they almost
/// always are, and otherwise through a temporary table and one statement that replaces what is there.
/// </summary>
internal sealed class PostgreSqlBarWriter(
    NpgsqlConnection connection, NpgsqlTransaction transaction, string tableSql, TableSchema table, StreamKey stream)
{
    private const string BeforeCopy = "before_copy";
    private const string Stage = "pg_temp." + TableNaming.ReservedPrefix + "stage";

    private readonly string _node = SqlText.Quote(table.NodeId.Name);
    private readonly string _interval = SqlText.Quote(table.Interval.Name);
    private readonly string _timestamp = SqlText.Quote(table.Timestamp.Name);

    public async Task WriteAsync(IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        if (!CanAdd(table, run[0]) || !await TryAddAsync(run, cancellationToken))
        {
            await WriteStagedAsync(run, cancellationToken);
        }
    }

    /// <summary>Whether <see cref="TryAddAsync"/> can write such bars.</summary>
    public static bool CanAdd(TableSchema table, PlannedFrame frame) =>
        table.HasKey && frame.Columns.All(column => PostgreSqlTypes.CanCopy(column.Stored));

    /// <summary>Writes bars of which none is stored; false where one is, and then nothing is written.</summary>
    public async Task<bool> TryAddAsync(IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        RequireRoomForInterval();
        string columns = string.Concat(run[0].Columns.Select(column => $", {SqlText.Quote(column.Stored.Name)}"));

        // Only the key can tell whether a bar is there, and it does so for nothing: by refusing it.
        await HoldTableAsync(
            [table.NodeId, table.Interval, table.Timestamp, .. run[0].Columns.Select(column => column.Stored)], cancellationToken);
        await transaction.SaveAsync(BeforeCopy, cancellationToken);
        try
        {
            await CopyAsync(
                $"COPY {tableSql} ({_node}, {_interval}, {_timestamp}{columns}) FROM STDIN (FORMAT BINARY)",
                run,
                frame =>
                [
                    PostgreSqlColumnWriter.Same(stream.NodeId, table.NodeId),
                    PostgreSqlColumnWriter.Same(stream.Interval.Number, table.Interval),
                    Opens(frame, table.Timestamp),
                    .. frame.Columns.Select(column => PostgreSqlColumnWriter.Create(column.Values, column.Stored)),
                ],
                cancellationToken);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            await transaction.RollbackAsync(BeforeCopy, cancellationToken);
            return false;
        }

        // The savepoint ends with the transaction; letting go of it sooner would cost one more round trip.
        return true;
    }

    private void RequireRoomForInterval()
    {
        if (table.Interval.Type == StoredType.Int16 && (short)stream.Interval.Number != stream.Interval.Number)
        {
            throw new StoreException(
                $"The table {tableSql} keeps its intervals in a smallint, which cannot hold {stream.Interval.Number}, the "
                + $"number of {stream.Interval}. "
                + $"Make it larger first: ALTER TABLE {tableSql} ALTER COLUMN {_interval} TYPE integer.");
        }
    }

    // Between the look at a table's columns and the copy, another session may have altered them, and the bytes of a copy do not
    // say what they are: the server would take one type's for the other's. So the columns are held fast and compared once more.
    private async Task HoldTableAsync(StoredColumn[] columns, CancellationToken cancellationToken)
    {
        if (!await new HeldTable(connection, transaction, tableSql).TryTakeAsync(columns, toAlter: false, cancellationToken))
        {
            throw new PostgresException(
                "the table's columns are no longer what they were", "ERROR", "ERROR", PostgresErrorCodes.DatatypeMismatch);
        }
    }

    private async Task WriteStagedAsync(IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        RequireRoomForInterval();
        StoredColumn[] columns = [.. run[0].Columns.Select(column => column.Stored)];
        string staged = string.Concat(columns.Select((column, index) => $", c{index} {StageTypeName(column)}"));
        await connection.ExecuteAsync($"CREATE TEMPORARY TABLE {Stage} (opened bigint NOT NULL{staged}) ON COMMIT DROP", cancellationToken);
        await CopyAsync(
            $"COPY {Stage} FROM STDIN (FORMAT BINARY)",
            run,
            static frame =>
            [
                Opens(frame, new StoredColumn("opened", StoredType.Int64, "bigint")),
                .. frame.Columns.Select(column => PostgreSqlColumnWriter.Create(column.Values, Staged(column.Stored))),
            ],
            cancellationToken);

        string names = string.Concat(columns.Select(column => $", {SqlText.Quote(column.Name)}"));
        string insert = $"INSERT INTO {tableSql} AS target ({_node}, {_interval}, {_timestamp}{names}) "
            + $"SELECT @node, @interval, s.opened{string.Concat(columns.Select((column, index) => $", {Value(column, index)}"))} FROM "
            + $"{Stage} s";
        string ofStream = $"{_node} = @node AND {_interval} = @interval AND t.{_timestamp} = s.opened";
        if (table.HasKey)
        {
            string update = string.Join(
                ", ", columns.Select(column => $"{SqlText.Quote(column.Name)} = excluded.{SqlText.Quote(column.Name)}"));
            await RunAsync(
                $"{insert} ON CONFLICT ({_node}, {_interval}, {_timestamp}) DO "
                    + $"{(columns.Length == 0 ? "NOTHING" : $"UPDATE SET {update}")}",
                cancellationToken);
        }
        else
        {
            // Nothing but this code keeps a bar from being there twice in a table without the key.
            if (columns.Length > 0)
            {
                string assignments = string.Join(
                    ", ", columns.Select((column, index) => $"{SqlText.Quote(column.Name)} = {Value(column, index)}"));
                await RunAsync($"UPDATE {tableSql} t SET {assignments} FROM {Stage} s WHERE {ofStream}", cancellationToken);
            }

            await RunAsync($"{insert} WHERE NOT EXISTS (SELECT 1 FROM {tableSql} t WHERE {ofStream})", cancellationToken);
        }

        await connection.ExecuteAsync($"DROP TABLE {Stage}", cancellationToken);
    }

    private async Task RunAsync(string sql, CancellationToken cancellationToken)
    {
        await using System.Data.Common.DbCommand command = connection.CreateCommand(
            sql, ("node", stream.NodeId), ("interval", stream.Interval.Number));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task CopyAsync(
        string sql,
        IReadOnlyList<PlannedFrame> run,
        Func<PlannedFrame, PostgreSqlColumnWriter[]> writersOf,
        CancellationToken cancellationToken)
    {
        NpgsqlBinaryImporter copy = await connection.BeginBinaryImportAsync(sql, cancellationToken);
        try
        {
            foreach (PlannedFrame frame in run)
            {
                PostgreSqlColumnWriter[] writers = writersOf(frame);
                for (int row = 0; row < frame.Timestamps.Length; row++)
                {
                    await copy.StartRowAsync(cancellationToken);
                    foreach (PostgreSqlColumnWriter writer in writers)
                    {
                        // Nearly always done: the importer waits only where its buffer is full.
                        Task written = writer.WriteAsync(copy, row, cancellationToken);
                        if (!written.IsCompletedSuccessfully)
                        {
                            await written;
                        }
                    }
                }
            }

            // The end of the copy: here the server says whether it took the rows.
            await copy.CompleteAsync(cancellationToken);
        }
        catch
        {
            await AbandonAsync(copy);
            throw;
        }

        await copy.DisposeAsync();
    }

    // Tells the server to forget the rows so far; what goes wrong here must not hide what went wrong before.
    private static async Task AbandonAsync(NpgsqlBinaryImporter copy)
    {
        try
        {
            await copy.DisposeAsync();
        }
        catch (Exception exception) when (
            exception is NpgsqlException or InvalidOperationException or IOException or ObjectDisposedException)
        {
            // The connection is gone, and the transaction with it.
        }
    }

    private static PostgreSqlColumnWriter Opens(PlannedFrame frame, StoredColumn stored) =>
        PostgreSqlColumnWriter.Create(new BarColumn<long>(ColumnNames.Timestamp, frame.Timestamps), stored);

    private static string Value(StoredColumn column, int index) => $"s.c{index}::{column.TypeName}";

    // A decimal number goes through text, because a server that turns a binary number into a decimal one rounds it to 15 digits.
    private static StoredColumn Staged(StoredColumn column) =>
        column.Type == StoredType.Numeric ? column with { Type = StoredType.Text } : column;

    private static string StageTypeName(StoredColumn column) =>
        column.Type is StoredType.Numeric or StoredType.Text ? "text" : column.TypeName;
}
