using System.Buffers.Binary;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>One operation on a PostgreSQL database.</summary>
/// <param name="connection">The connection, which the session closes.</param>
/// <param name="outage">Told that the server answers.</param>
/// <param name="locks">Looks whom a write waits for.</param>
/// <param name="limits">Bound a write, and with it whoever waits for it.</param>
/// <param name="seen">Remembers tables for reads.</param>
internal sealed partial class PostgreSqlSession(
    NpgsqlConnection connection, ServerOutage outage, LockWatch locks, SessionLimits limits, SeenTables seen) : RelationalSession
{
    // Held until the transaction ends. Two names that fall on one number only wait for each other without need.
    private const string LockSql = "SELECT pg_advisory_xact_lock($1)";

    private const int RevisionsInStatement = 5000;
    private const int StatementsInBatch = 500;

    private NpgsqlTransaction? _transaction;
    private string? _schema;
    private StreamKey _stream;
    private long? _lockToTake;
    private LockWatch.Watch? _watch;
    private bool _mayHaveKept;

    /// <inheritdoc/>
    public override bool MayHaveKept => _mayHaveKept;

    /// <inheritdoc/>
    public override string? WaitedFor => _watch?.Holder;

    protected override DbConnection Connection => connection;

    public override async Task BeginAsync(StreamKey stream, CancellationToken cancellationToken)
    {
        _watch ??= locks.Start(connection.ProcessID);
        _transaction = await connection.BeginTransactionAsync(cancellationToken);
        _stream = stream;

        // Writers of one stream take turns: two that insert the same bars in different order would otherwise deadlock. The lock
        // travels with the look at the catalogue that every write begins with, and is there before that is answered.
        _lockToTake = LockNumber(stream);
    }

    public override async Task CommitAsync(CancellationToken cancellationToken)
    {
        _mayHaveKept = true;
        try
        {
            await _transaction!.CommitAsync(cancellationToken);
        }
        catch (PostgresException error) when (error.InvariantSeverity == "ERROR")
        {
            // The server has answered: it did not commit. Where it says nothing, or goes down, nobody knows.
            _mayHaveKept = false;
            throw;
        }
    }

    public override async Task<IReadOnlyList<string>> ListTablesAsync(CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                AND (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND lower(a.attname) IN ('node_id', 'interval', 'ts')) = 3
            ORDER BY 1
            """;
        await using DbCommand command = connection.CreateCommand(Sql);
        return await command.ListAsync(static row => row.GetString(0), cancellationToken);
    }

    public override async Task<IReadOnlyList<FoundTable>> FindTablesAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        NpgsqlBatchCommand? lockOne = _lockToTake is { } number
            ? new(LockSql) { Parameters = { new NpgsqlParameter<long> { TypedValue = number } } }
            : null;
        IReadOnlyList<FoundTable> found = await FindTablesAsync(
            lockOne, static _ => Task.CompletedTask, tables, cancellationToken);
        _lockToTake = null;
        return found;
    }

    // Where a write begins: with its limits and its locks in the same round trip.
    private async Task<IReadOnlyList<FoundTable>> FindTablesAsync(
        NpgsqlBatchCommand? lockFirst,
        Func<NpgsqlDataReader, Task> readLocks,
        IReadOnlyList<string> tables,
        CancellationToken cancellationToken)
    {
        // One row even where no table is found: the schema is needed to make one. OFFSET has the key looked for once a table, and not once
        // for each of its columns, which takes longer than all the rest.
        const string Sql = """
            SELECT current_schema()::text, c.relname, a.attname::text, t.typname::text, format_type(a.atttypid, a.atttypmod), c.has_key,
                format_type(t.oid, CASE WHEN d.typtype = 'd' THEN d.typtypmod ELSE a.atttypmod END)
            FROM (SELECT 1) AS one
            LEFT JOIN (
                SELECT oid, relname::text, EXISTS (
                    SELECT 1 FROM pg_index i WHERE i.indrelid = found.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                        AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 3 AND i.indnatts = 3
                        AND (SELECT count(*) FROM pg_attribute k WHERE k.attrelid = found.oid AND k.attnum = ANY (i.indkey)
                            AND lower(k.attname) IN ('node_id', 'interval', 'ts')) = 3) AS has_key
                FROM pg_class AS found WHERE relname = ANY ($1) AND relkind IN ('r', 'p', 'v', 'm', 'f')
                    AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
                OFFSET 0) AS c ON true
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_type d ON d.oid = a.atttypid
            LEFT JOIN pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
            ORDER BY c.relname, a.attnum
            """;
        await using var batch = new NpgsqlBatch(connection, _transaction);
        if (lockFirst is not null)
        {
            batch.BatchCommands.Add(limits.CreateCommand(connection));
            batch.BatchCommands.Add(lockFirst);
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand(Sql)
        {
            Parameters =
                { new NpgsqlParameter<string[]> { TypedValue = [.. tables], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } },
        });
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        outage.End();
        if (lockFirst is not null)
        {
            await limits.ReadAsync(connection, reader, cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await readLocks(reader);
            await reader.NextResultAsync(cancellationToken);
        }

        var columns = new Dictionary<string, List<StoredColumn>>(StringComparer.Ordinal);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            _schema = reader.IsDBNull(0) ? null : reader.GetString(0);
            if (reader.IsDBNull(1) || reader.IsDBNull(2))
            {
                continue;
            }

            string table = reader.GetString(1);
            if (!columns.TryGetValue(table, out List<StoredColumn>? ofTable))
            {
                columns.Add(table, ofTable = []);
            }

            ofTable.Add(new StoredColumn(reader.GetString(2), PostgreSqlTypes.Of(reader.GetString(3)), reader.GetString(4))
            {
                FractionDigits = PostgreSqlTypes.FractionDigitsOf(reader.GetString(6)),
            });
            if (reader.GetBoolean(5))
            {
                keys.Add(table);
            }
        }

        return [.. columns.Select(entry => seen.Note(_schema, new FoundTable(entry.Key, entry.Value, keys.Contains(entry.Key))))];
    }

    public override async Task<bool> TryChangeSchemaAsync(SchemaChange change, CancellationToken cancellationToken)
    {
        // The change is a transaction of its own. Up to here, this one has only looked.
        await _transaction!.DisposeAsync();
        bool changed = true;
        try
        {
            if (change.Widened.Count == 0)
            {
                await ChangeAsync(change.Statements, cancellationToken);
            }
            else
            {
                changed = await TryWidenAsync(change, cancellationToken);
            }
        }
        catch (PostgresException error) when (error.SqlState
            is PostgresErrorCodes.DuplicateTable
                or PostgresErrorCodes.DuplicateColumn
                or PostgresErrorCodes.DuplicateObject
                or PostgresErrorCodes.UniqueViolation)
        {
            changed = false;
        }

        await BeginAsync(_stream, cancellationToken);
        return changed;
    }

    public override Task WriteBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken) =>
        WriterOf(table, stream).WriteAsync(run, cancellationToken);

    public override Task<TimeRangeSet> GetCoverageAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken) =>
        new PostgreSqlCoverage(connection, TableSql(table.Table), table, stream).ReadAsync(within, cancellationToken);

    public override async Task<IReadOnlyDictionary<string, long>> MeasureAsync(
        IReadOnlyList<CountedStream> counts, CancellationToken cancellationToken)
    {
        // A table in partitions is as large as these; a view has no size of its own.
        const string Sql = """
            SELECT c.relname::text, sum(pg_total_relation_size(part.relid))::int8
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL (SELECT c.oid AS relid UNION SELECT relid FROM pg_partition_tree(c.oid)) part
            WHERE n.nspname = current_schema() AND c.relname = ANY (@tables) AND c.relkind IN ('r', 'p', 'm') GROUP BY 1
            """;
        await using DbCommand command = connection.CreateCommand(
            Sql, ("tables", counts.Select(count => count.Table.Table).Distinct().ToArray()));
        List<(string Table, long Bytes)> sizes =
            await command.ListAsync(static row => (row.GetString(0), row.GetInt64(1)), cancellationToken);
        return sizes.ToDictionary(size => size.Table, size => size.Bytes, StringComparer.Ordinal);
    }

    public override BarReader OpenReader(TableSchema table, StreamKey stream, TimeRange range) =>
        new PostgreSqlBarReader(connection, TableSql(table.Table), table, stream, range);

    public override async Task ChangeEmptyRangesAsync(StreamKey stream, EmptyRangeUpdate update, CancellationToken cancellationToken)
    {
        string table = TableSql(EmptyRangesTable);
        if (update.Removed.Count > 0)
        {
            await RunAsync(
                $"DELETE FROM {table} USING unnest($3, $4) AS gone(source, start_ts) WHERE node_id = $1 AND \"interval\" = $2 "
                + $"AND {table}.source = gone.source AND {table}.start_ts = gone.start_ts",
                stream,
                cancellationToken,
                Array(update.Removed, static range => range.Source, NpgsqlDbType.Text),
                Array(update.Removed, static range => range.Start, NpgsqlDbType.Bigint));
        }

        if (update.Added.Count > 0)
        {
            await RunAsync(
                $"INSERT INTO {table} (node_id, \"interval\", source, start_ts, end_ts, learnt_at) SELECT $1, $2, * FROM unnest($3, $4, "
                    + $"$5, $6) "
                + "ON CONFLICT (node_id, \"interval\", source, start_ts) DO UPDATE SET end_ts = excluded.end_ts, learnt_at = "
                + "excluded.learnt_at",
                stream,
                cancellationToken,
                Array(update.Added, static range => range.Source, NpgsqlDbType.Text),
                Array(update.Added, static range => range.Start, NpgsqlDbType.Bigint),
                Array(update.Added, static range => range.End, NpgsqlDbType.Bigint),
                Array(update.Added, static range => range.LearntAt, NpgsqlDbType.Bigint));
        }
    }

    public override async Task AddRevisionsAsync(StreamKey stream, IReadOnlyList<RevisionRow> rows, CancellationToken cancellationToken)
    {
        foreach (RevisionRow[] chunk in rows.Chunk(RevisionsInStatement))
        {
            await RunAsync(
                $"INSERT INTO {TableSql(RevisionsTable)} (node_id, \"interval\", {RevisionRow.Columns}) "
                    + "SELECT $1, $2, * FROM unnest($3, $4, $5, $6, $7, $8) "
                    + "ON CONFLICT (node_id, \"interval\", bar_ts, revised_at, column_name) DO UPDATE SET new_value = excluded.new_value",
                stream,
                cancellationToken,
                Array(chunk, static row => row.Timestamp, NpgsqlDbType.Bigint),
                Array(chunk, static row => row.RevisedAt, NpgsqlDbType.Bigint),
                Array(chunk, static row => row.Column, NpgsqlDbType.Text),
                Array(chunk, static row => row.Was, NpgsqlDbType.Text),
                Array(chunk, static row => row.Is, NpgsqlDbType.Text),
                Array(chunk, static row => row.Source, NpgsqlDbType.Text));
        }
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            if (_watch is not null)
            {
                await _watch.DisposeAsync();
            }

            if (_transaction is not null)
            {
                await _transaction.DisposeAsync();
            }

            await connection.DisposeAsync();
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or IOException)
        {
            // The connection broke; the server has rolled back, and whoever was using it has been told.
        }
    }

    public override string? WidenColumnSql(TableSchema table, StoredColumn column) =>
        $"ALTER TABLE {TableSql(table.Table)} ALTER COLUMN {ColumnSql(column.Name)} TYPE {TypeName(StoredType.Double)}";

    protected override string TypeName(StoredType type) => PostgreSqlTypes.NameOf(type);

    // Without the schema, a table named like one of the server's own would be taken for that.
    protected override string TableSql(string table) => _schema is null
        ? throw new PostgresException("the search path names no schema that exists", "ERROR", "ERROR", PostgresErrorCodes.InvalidSchemaName)
        : $"{SqlText.Quote(_schema)}.{SqlText.Quote(table)}";

    private PostgreSqlBarWriter WriterOf(TableSchema table, StreamKey stream) =>
        new(connection, _transaction!, TableSql(table.Table), table, stream);

    private static NpgsqlParameter<T[]> Array<TRow, T>(IEnumerable<TRow> rows, Func<TRow, T> value, NpgsqlDbType type) =>
        new() { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | type };

    // It goes to the server in one piece: whatever becomes of this process meanwhile, the server ends it and lets go of the table, which
    // no other write must wait for.
    private async Task ChangeAsync(IEnumerable<string> statements, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { limits.CreateCommand(connection) } };
        foreach (string statement in statements)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // Between the look at the numbers and the change nobody may write another, so the table is held from before the one to after the other.
    // Either reads the whole table, which may take longer than any time-out: the caller's cancellation ends them, and the limits on the
    // session see to it that a process that is gone holds nothing.
    private async Task<bool> TryWidenAsync(SchemaChange change, CancellationToken cancellationToken)
    {
        string table = TableSql(change.Table!.Table);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        StoredColumn[] columns = [.. change.Widened.Select(widening => widening.Column)];
        var held = new HeldTable(connection, transaction, table);
        await connection.ExecuteAsync(SessionLimits.Sql, cancellationToken);
        if (!await held.TryTakeAsync(columns, toAlter: true, cancellationToken))
        {
            return false;
        }

        await RequireExactAsync(change, cancellationToken);
        foreach (string statement in change.Statements)
        {
            await connection.ExecuteAsync(statement, cancellationToken);
        }

        foreach ((StoredColumn column, string sql) in change.Widened)
        {
            try
            {
                await using var alter = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 0 };
                await alter.ExecuteNonQueryAsync(cancellationToken);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.FeatureNotSupported)
            {
                await transaction.RollbackAsync(cancellationToken);
                throw change.Refuse(
                    column,
                    $"the {await held.DescribeUserAsync(column, cancellationToken) ?? "table itself"} stands in the way "
                        + $"({error.MessageText})",
                    "Drop that, run again, and make it again afterwards; or rename the column at the source",
                    error);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task RunAsync(string sql, StreamKey stream, CancellationToken cancellationToken, params NpgsqlParameter[] more)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.NodeId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = stream.Interval.Number });
        foreach (NpgsqlParameter parameter in more)
        {
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static long LockNumber(StreamKey stream) => BinaryPrimitives.ReadInt64BigEndian(
        SHA256.HashData(Encoding.UTF8.GetBytes($"qmtl stream {stream.Interval.Number} {stream.NodeId}")));
}
