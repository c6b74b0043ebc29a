using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Qmtl.Data;
using Qmtl.Time;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>One operation on a SQLite file.</summary>
internal sealed partial class SqliteSession : RelationalSession
{
    private const int LockWaitSliceMilliseconds = 100;

    private readonly SqliteConnection _connection;
    private readonly string _displayName;
    private readonly TimeSpan _lockWait;
    private readonly SqliteSchemaCache _cache;
    private readonly CancellationTokenRegistration _cancellation;
    private bool _inTransaction;
    private bool _schemaChanged;

    /// <summary>Opens the file, and makes it where there is none.</summary>
    /// <param name="connectionString">The file, in the driver's form.</param>
    /// <param name="displayName">The store, for messages.</param>
    /// <param name="cache">What is known of the file's tables.</param>
    /// <param name="lockWait">How long to wait for a file that another process has locked.</param>
    /// <param name="cancellationToken">Ends every statement of the session.</param>
    public SqliteSession(
        string connectionString, string displayName, SqliteSchemaCache cache, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        _displayName = displayName;
        _lockWait = lockWait;
        _connection = new SqliteConnection(connectionString);
        try
        {
            _connection.Open();
        }
        catch
        {
            _connection.Dispose();
            throw;
        }

        _cache = cache;
        sqlite3 database = Database;
        _ = raw.sqlite3_busy_timeout(database, (int)_lockWait.TotalMilliseconds);
        _cancellation = cancellationToken.Register(() => raw.sqlite3_interrupt(database));
    }

    /// <summary>What happens when the session has ended.</summary>
    public Action? Ended { get; set; }

    /// <summary>The file as it was when it was opened without a look at its locks; null, the default, where SQLite looks at them.</summary>
    public SqliteFileState? Unlocked { get; init; }

    /// <summary>Whether the path leads to another file than the one that this session has open, or to none.</summary>
    public bool IsMoved => SqliteFile.IsMoved(Database);

    protected override DbConnection Connection => _connection;

    // The bars of a stream lie side by side in the order of their key; there is no second copy of the key beside them.
    protected override string TableOptions => " WITHOUT ROWID";

    private sqlite3 Database => _connection.Handle!;

    /// <summary>
    /// The table as it is named in a statement; without the schema, a name could mean a temporary table or a part of the statement.
    /// </summary>
    public static string NameOf(string table) => $"main.{SqlText.Quote(table)}";

    /// <summary>
    /// Brings everything into the open file and leaves its write-ahead log empty; false where somebody is at work with it. The log is
    /// found by its name: with anything in it, a file that takes the place of this one would be read together with it.
    /// </summary>
    public bool TryEmptyLog()
    {
        _ = raw.sqlite3_busy_timeout(Database, LockWaitSliceMilliseconds);
        using var checkpoint = new SqliteStatement(_connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        _ = checkpoint.Step();
        return checkpoint.GetFloor(0).Floor == 0;
    }

    public override void RequireUnchanged()
    {
        if (Unlocked is { } before && before != SqliteFileState.Of(before.Path))
        {
            throw new StoreException(
                $"{_displayName} was written to while it was read, and this user may not make the files that keep readers and writers "
                    + "apart. Try again.")
            {
                IsTransient = true,
                RetryAfter = TimeSpan.Zero,
            };
        }
    }

    /// <summary>Looks into the file; SQLite opens it no sooner.</summary>
    public void Probe() => ReadSchemaVersion();

    public override async Task BeginAsync(StreamKey stream, CancellationToken cancellationToken)
    {
        await WaitForLockAsync(
            () =>
            {
                UseWriteAheadLog();
                Run("PRAGMA synchronous=NORMAL");
                Run("BEGIN IMMEDIATE");
                return true;
            },
            cancellationToken);
        _inTransaction = true;
    }

    public override Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Run("COMMIT");
        _inTransaction = false;

        // SQLite writes into the file that is open, whatever has become of its name meanwhile.
        return IsMoved
            ? throw new StoreException(
                $"{_displayName} was moved, deleted or replaced while it was written to, so what was written is not in it. Try again.")
            { IsTransient = true }
            : Task.CompletedTask;
    }

    public override async Task<IReadOnlyList<string>> ListTablesAsync(CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT name FROM sqlite_schema AS t WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
                AND (SELECT count(*) FROM pragma_table_info(t.name) WHERE lower(name) IN ('node_id', 'interval', 'ts')) = 3
            ORDER BY name
            """;
        await using DbCommand command = _connection.CreateCommand(Sql);
        return await command.ListAsync(static row => row.GetString(0), cancellationToken);
    }

    public override async Task<IReadOnlyList<FoundTable>> FindTablesAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        var found = new List<FoundTable>();
        long version = await WaitForLockAsync(ReadSchemaVersion, cancellationToken);
        foreach (string table in tables)
        {
            if (_schemaChanged || !_cache.TryGet(table, version, out FoundTable? known))
            {
                known = await LookUpAsync(table, cancellationToken);

                // A change that is rolled back takes its number back too, for the next change to use again.
                if (!_schemaChanged)
                {
                    _cache.Set(table, version, known);
                }
            }

            if (known is not null)
            {
                found.Add(known);
            }
        }

        return found;
    }

    // The transaction holds the file's write lock, so nobody else can have changed the schema, or a number, meanwhile.
    public override async Task<bool> TryChangeSchemaAsync(SchemaChange change, CancellationToken cancellationToken)
    {
        await RequireExactAsync(change, cancellationToken);
        _schemaChanged = true;
        foreach (string statement in change.Statements)
        {
            Run(statement);
        }

        foreach ((StoredColumn column, string sql) in change.Widened)
        {
            Widen(change, column, sql);
        }

        return true;
    }

    public override Task WriteBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        SqliteBarWriter.Write(_connection, table, stream, run, cancellationToken);
        return Task.CompletedTask;
    }

    public override Task<TimeRangeSet> GetCoverageAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken) =>
        Task.FromResult(SqliteCoverage.Read(_connection, table, stream, within, cancellationToken));

    public override async Task<IReadOnlyDictionary<string, long>> MeasureAsync(
        IReadOnlyList<CountedStream> counts, CancellationToken cancellationToken)
    {
        await using DbCommand command = _connection.CreateCommand(
            "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size");
        double bytesPerBar = (long)(await command.ExecuteScalarAsync(cancellationToken))! / Math.Max(1.0, counts.Sum(count => count.Bars));
        return counts.GroupBy(count => count.Table.Table, StringComparer.Ordinal)
            .ToDictionary(table => table.Key, table => (long)(bytesPerBar * table.Sum(count => count.Bars)), StringComparer.Ordinal);
    }

    public override BarReader OpenReader(TableSchema table, StreamKey stream, TimeRange range) =>
        new SqliteBarReader(_connection, table, stream, range);

    public override Task ChangeEmptyRangesAsync(StreamKey stream, EmptyRangeUpdate update, CancellationToken cancellationToken)
    {
        if (update.Removed.Count > 0)
        {
            using var delete = new SqliteStatement(
                _connection, $"DELETE FROM {EmptyRangesTable} WHERE node_id = ? AND \"interval\" = ? AND source = ? AND start_ts = ?");
            ForEach(delete, stream, update.Removed, withEnd: false, cancellationToken);
        }

        if (update.Added.Count > 0)
        {
            using var insert = new SqliteStatement(
                _connection,
                $"INSERT OR REPLACE INTO {EmptyRangesTable} (node_id, \"interval\", source, start_ts, end_ts, learnt_at) VALUES (?, ?, ?, "
                    + $"?, ?, ?)");
            ForEach(insert, stream, update.Added, withEnd: true, cancellationToken);
        }

        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await _cancellation.DisposeAsync();
        try
        {
            if (_inTransaction)
            {
                // An error may already have rolled the transaction back; then there is nothing left to do, and no harm in trying.
                _ = raw.sqlite3_exec(Database, "ROLLBACK");
            }

            await _connection.DisposeAsync();
        }
        finally
        {
            Ended?.Invoke();
        }
    }

    // SQLite cannot change a column's type, so another takes its place, at the table's end.
    public override string? WidenColumnSql(TableSchema table, StoredColumn column)
    {
        const string Wider = "\"" + TableNaming.ReservedPrefix + "wider\"";
        string alter = $"ALTER TABLE {TableSql(table.Table)}";
        string name = SqlText.Quote(column.Name);
        return $"{alter} ADD COLUMN {Wider} {TypeName(StoredType.Double)}; UPDATE {TableSql(table.Table)} SET {Wider} = {name}; "
            + $"{alter} DROP COLUMN {name}; {alter} RENAME COLUMN {Wider} TO {name}";
    }

    // SQLite keeps anything in any column, and takes every text for more than any number.
    protected override string BeyondDoublesSql(string column) => $"typeof({column}) = 'integer' AND {base.BeyondDoublesSql(column)}";

    protected override string OnGridSql(string ts, string interval) => $"{base.OnGridSql(ts, interval)} AND {ts} | 0 = {ts}";

    protected override string TypeName(StoredType type) => SqliteTypes.NameOf(type);

    protected override string TableSql(string table) => NameOf(table);

    private void Widen(SchemaChange change, StoredColumn column, string sql)
    {
        // No value changes, so that no trigger of the table's owner has to know.
        _ = raw.sqlite3_db_config(Database, raw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, out _);
        try
        {
            Run(sql);
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_ERROR)
        {
            // SQLite lets go of no column that something else needs; what this has changed so far is undone with the transaction.
            (string because, string wayOut) = SqliteErrors.ExplainChange(raw.sqlite3_errmsg(Database).utf8_to_string());
            throw change.Refuse(column, because, wayOut, error);
        }
        finally
        {
            _ = raw.sqlite3_db_config(Database, raw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, out _);
        }
    }

    private static void ForEach(
        SqliteStatement statement, StreamKey stream, IReadOnlyList<EmptyRange> ranges, bool withEnd, CancellationToken cancellationToken)
    {
        statement.Bind(1, stream.NodeId);
        statement.Bind(2, stream.Interval.Number);
        foreach (EmptyRange range in ranges)
        {
            cancellationToken.ThrowIfCancellationRequested();
            statement.Bind(3, range.Source);
            statement.Bind(4, range.Start);
            if (withEnd)
            {
                statement.Bind(5, range.End);
                statement.Bind(6, range.LearntAt);
            }

            _ = statement.Step();
            statement.Reset();
        }
    }

    private long ReadSchemaVersion()
    {
        using var version = new SqliteStatement(_connection, "PRAGMA schema_version");
        _ = version.Step();
        return version.GetFloor(0).Floor;
    }

    private async Task<FoundTable?> LookUpAsync(string table, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredColumn> columns = await ReadColumnsAsync(table, cancellationToken);
        return columns.Count == 0 ? null : new FoundTable(table, columns, await HasKeyAsync(table, cancellationToken));
    }

    private async Task<IReadOnlyList<StoredColumn>> ReadColumnsAsync(string table, CancellationToken cancellationToken)
    {
        await using DbCommand command = _connection.CreateCommand(
            "SELECT name, type FROM pragma_table_info(@table) ORDER BY cid", ("table", table));
        return await command.ListAsync(static row => Column(row.GetString(0), declared: row.GetString(1)), cancellationToken);

        static StoredColumn Column(string name, string declared) =>
            new(name, SqliteTypes.Of(declared), declared.Length == 0 ? "no type" : declared);
    }

    private async Task<bool> HasKeyAsync(string table, CancellationToken cancellationToken)
    {
        // The third condition: three columns in the index, and each of them one of the key.
        const string Sql = """
            SELECT EXISTS (
                SELECT 1 FROM pragma_index_list(@table) AS l WHERE l."unique" = 1 AND l.partial = 0
                    AND (SELECT count(*) FROM pragma_index_info(l.name)) = 3
                    AND (SELECT count(*) FROM pragma_index_info(l.name) WHERE lower(name) IN ('node_id', 'interval', 'ts')) = 3)
            """;
        await using DbCommand command = _connection.CreateCommand(Sql, ("table", table));
        return await command.ExecuteScalarAsync(cancellationToken) is 1L;
    }

    // The mode is kept in the file. A file of another program is switched too, unless somebody is using it just now; it then works as it
    // is.
    private void UseWriteAheadLog()
    {
        using var mode = new SqliteStatement(_connection, "PRAGMA journal_mode");
        _ = mode.Step();
        if (raw.sqlite3_column_text(mode.Handle, 0).utf8_to_string() != "wal")
        {
            mode.Reset();
            _ = TryRun("PRAGMA journal_mode=WAL");
        }
    }

    private void Run(string sql) => SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(Database, sql), Database);

    // False where the file is locked by another session.
    private bool TryRun(string sql)
    {
        int result = raw.sqlite3_exec(Database, sql);
        if (IsLocked(result))
        {
            return false;
        }

        SqliteException.ThrowExceptionForRC(result, Database);
        return true;
    }

    private static bool IsLocked(int result) => (result & 0xff) is raw.SQLITE_BUSY or raw.SQLITE_LOCKED;

    // SQLite's own wait cannot be cancelled, so the long wait, which an operation meets when it first touches the file, is made of short
    // ones.
    private async Task<T> WaitForLockAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        _ = raw.sqlite3_busy_timeout(Database, LockWaitSliceMilliseconds);
        try
        {
            while (true)
            {
                try
                {
                    return work();
                }
                catch (SqliteException error) when (IsLocked(error.SqliteErrorCode) && Stopwatch.GetElapsedTime(started) < _lockWait)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await Task.Yield();
                }
            }
        }
        finally
        {
            _ = raw.sqlite3_busy_timeout(Database, (int)_lockWait.TotalMilliseconds);
        }
    }
}
