using System.Buffers;
using Npgsql;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Writes bars into a PostgreSQL table by binary COPY: straight into the table where the bars are new, which they almost
/// always are, and otherwise through a temporary table and one statement that replaces what is there.
/// </summary>
internal sealed class PostgreSqlBarWriter(NpgsqlConnection connection, NpgsqlTransaction transaction, string tableSql, TableSchema table, StreamKey stream)
{
    private const string BeforeCopy = "before_copy";
    private const string Stage = "pg_temp." + TableNaming.ReservedPrefix + "stage";
    private const int BufferBytes = 1 << 16;

    private readonly string _node = SqlText.Quote(table.NodeId.Name);
    private readonly string _interval = SqlText.Quote(table.Interval.Name);
    private readonly string _timestamp = SqlText.Quote(table.Timestamp.Name);

    public async Task WriteAsync(IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        bool direct = table.HasKey && run[0].Columns.All(column => PostgreSqlTypes.CanCopy(column.Stored));
        if (!direct || !await TryCopyAsync(run, cancellationToken))
        {
            await WriteStagedAsync(run, cancellationToken);
        }
    }

    // Only the key can tell whether a bar is there, and it does so for nothing: by refusing it.
    private async Task<bool> TryCopyAsync(IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        string columns = string.Concat(run[0].Columns.Select(column => $", {SqlText.Quote(column.Stored.Name)}"));
        await transaction.SaveAsync(BeforeCopy, cancellationToken);
        try
        {
            await CopyAsync(
                $"COPY {tableSql} ({_node}, {_interval}, {_timestamp}{columns}) FROM STDIN (FORMAT BINARY)",
                run,
                frame => new BinaryCopyEncoder(stream, table.Interval.Type, table.Timestamp.Type, frame, static column => column.Type),
                cancellationToken);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            await transaction.RollbackAsync(BeforeCopy, cancellationToken);
            return false;
        }

        await transaction.ReleaseAsync(BeforeCopy, cancellationToken);
        return true;
    }

    private async Task WriteStagedAsync(IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        StoredColumn[] columns = [.. run[0].Columns.Select(column => column.Stored)];
        string staged = string.Concat(columns.Select((column, index) => $", c{index} {StageTypeName(column)}"));
        await connection.ExecuteAsync($"CREATE TEMPORARY TABLE {Stage} (opened bigint NOT NULL{staged}) ON COMMIT DROP", cancellationToken);
        await CopyAsync(
            $"COPY {Stage} FROM STDIN (FORMAT BINARY)",
            run,
            static frame => new BinaryCopyEncoder(stream: null, StoredType.Int32, StoredType.Int64, frame, StageType),
            cancellationToken);

        string names = string.Concat(columns.Select(column => $", {SqlText.Quote(column.Name)}"));
        string insert = $"INSERT INTO {tableSql} AS target ({_node}, {_interval}, {_timestamp}{names}) "
            + $"SELECT @node, @interval, s.opened{string.Concat(columns.Select((column, index) => $", {Value(column, index)}"))} FROM {Stage} s";
        string ofStream = $"{_node} = @node AND {_interval} = @interval AND t.{_timestamp} = s.opened";
        if (table.HasKey)
        {
            string update = string.Join(", ", columns.Select(column => $"{SqlText.Quote(column.Name)} = excluded.{SqlText.Quote(column.Name)}"));
            await RunAsync($"{insert} ON CONFLICT ({_node}, {_interval}, {_timestamp}) DO {(columns.Length == 0 ? "NOTHING" : $"UPDATE SET {update}")}", cancellationToken);
        }
        else
        {
            // Nothing but this code keeps a bar from being there twice in a table without the key.
            if (columns.Length > 0)
            {
                string assignments = string.Join(", ", columns.Select((column, index) => $"{SqlText.Quote(column.Name)} = {Value(column, index)}"));
                await RunAsync($"UPDATE {tableSql} t SET {assignments} FROM {Stage} s WHERE {ofStream}", cancellationToken);
            }

            await RunAsync($"{insert} WHERE NOT EXISTS (SELECT 1 FROM {tableSql} t WHERE {ofStream})", cancellationToken);
        }

        await connection.ExecuteAsync($"DROP TABLE {Stage}", cancellationToken);
    }

    private async Task RunAsync(string sql, CancellationToken cancellationToken)
    {
        await using System.Data.Common.DbCommand command = connection.CreateCommand(sql, ("node", stream.NodeId), ("interval", (int)stream.Interval.Seconds));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task CopyAsync(string sql, IReadOnlyList<PlannedFrame> run, Func<PlannedFrame, BinaryCopyEncoder> encoderOf, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        try
        {
            BinaryCopyEncoder.Header.CopyTo(buffer);
            int used = BinaryCopyEncoder.Header.Length;
            foreach (PlannedFrame frame in run)
            {
                BinaryCopyEncoder encoder = encoderOf(frame);
                int row = 0;
                while (row < frame.Timestamps.Length)
                {
                    int written = encoder.Encode(ref row, buffer.AsSpan(used));
                    used += written;
                    if (row < frame.Timestamps.Length && used > 0)
                    {
                        await copy.WriteAsync(buffer.AsMemory(0, used), cancellationToken);
                        used = 0;
                    }
                    else if (written == 0)
                    {
                        // Not one row fits into an empty buffer: a very long text.
                        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = larger;
                    }
                }
            }

            if (buffer.Length - used < BinaryCopyEncoder.Trailer.Length)
            {
                await copy.WriteAsync(buffer.AsMemory(0, used), cancellationToken);
                used = 0;
            }

            BinaryCopyEncoder.Trailer.CopyTo(buffer.AsSpan(used));
            await copy.WriteAsync(buffer.AsMemory(0, used + BinaryCopyEncoder.Trailer.Length), cancellationToken);
        }
        catch
        {
            await AbandonAsync(copy);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // The end of the copy: here the server says whether it took the rows.
        await copy.DisposeAsync();
    }

    // Without this the disposal would tell the server that the rows so far are all there are.
    private static async Task AbandonAsync(NpgsqlRawCopyStream copy)
    {
        try
        {
            await copy.CancelAsync();
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or IOException or ObjectDisposedException)
        {
            // The connection is gone, and the transaction with it.
        }
    }

    private static string Value(StoredColumn column, int index) => $"s.c{index}::{column.TypeName}";

    // A decimal number goes through text, because a server that turns a binary number into a decimal one rounds it to 15 digits.
    private static StoredType StageType(StoredColumn column) => column.Type == StoredType.Numeric ? StoredType.Text : column.Type;

    private static string StageTypeName(StoredColumn column) => column.Type is StoredType.Numeric or StoredType.Text ? "text" : column.TypeName;
}
