using System.Data.Common;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>One operation on a QuestDB.</summary>
/// <remarks>
/// QuestDB commits table by table and statement by statement. So bars go first, then, when they can be read, what was learnt about
/// emptiness: a process that dies in between leaves bars, and no bar that is said not to exist.
/// </remarks>
internal sealed partial class QuestDbSession(
    NpgsqlConnection connection,
    QuestDbCatalogue catalogue,
    QuestDbBulkPath bulkPath,
    StreamLocks locks,
    string displayName,
    TimeProvider timeProvider) : RelationalSession
{
    // What the server says where another session made the same change at the same time.
    private static readonly string[] RaceMessages = ["already exists", "duplicate column", "statement is either no-op", "type is already"];

    private readonly Dictionary<string, QuestDbTable> _tables = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _unread = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SentBars> _sent = [];
    private IDisposable? _lock;
    private bool _mayHaveKept;
    private StreamKey _stream;

    /// <inheritdoc/>
    /// <remarks>What the server has acknowledged stays, whether or not it can be read yet, and whatever comes after it.</remarks>
    public override bool MayHaveKept => _mayHaveKept;

    protected override DbConnection Connection => connection;

    public override async Task BeginAsync(StreamKey stream, CancellationToken cancellationToken)
    {
        _lock = await locks.AcquireAsync(stream, cancellationToken);
        _stream = stream;
    }

    // Done is what can be read.
    public override async Task CommitAsync(CancellationToken cancellationToken)
    {
        await ReadableAsync(cancellationToken);
        await ConfirmRevisionsAsync(cancellationToken);
    }

    public override async Task<IReadOnlyList<string>> ListTablesAsync(CancellationToken cancellationToken)
    {
        const string Sql =
            "SELECT table_name, count_distinct(lower(column_name)) AS keys FROM information_schema.columns WHERE lower(column_name) IN "
                + "('node_id', 'interval', 'ts')";
        await using var command = new NpgsqlCommand(Sql, connection);
        List<(string, long)> tables = await command.ListAsync(static row => (row.GetString(0), row.GetInt64(1)), cancellationToken);
        return [.. tables.Where(table => table.Item2 == 3).Select(table => table.Item1).Order(StringComparer.Ordinal)];
    }

    public override async Task<IReadOnlyList<FoundTable>> FindTablesAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        var found = new List<FoundTable>();
        foreach (QuestDbTableFound table in await catalogue.FindAsync(connection, tables, cancellationToken))
        {
            _tables[table.AskedFor] = table.Table;
            found.Add(new FoundTable(table.AskedFor, table.Columns, table.Table.HasKey));
        }

        return found;
    }

    public override async Task<bool> TryChangeSchemaAsync(SchemaChange change, CancellationToken cancellationToken)
    {
        await RequireExactAsync(change, cancellationToken);
        bool changed = true;
        try
        {
            foreach (string statement in change.Statements.Concat(change.Widened.Select(widening => widening.Sql)))
            {
                await connection.ExecuteAsync(statement, cancellationToken);
            }
        }
        catch (PostgresException error) when (
            RaceMessages.Any(message => error.MessageText.Contains(message, StringComparison.OrdinalIgnoreCase)))
        {
            changed = false;
        }

        // A new column is in the log like a row, and is seen once it is applied: ours as well as that of whoever was faster.
        foreach (QuestDbTable table in _tables.Values)
        {
            await WalWait.UntilReadableAsync(connection, table.Name, displayName, timeProvider, cancellationToken);
        }

        return changed;
    }

    public override void RequireStorable(TableSchema table, IReadOnlyList<PlannedFrame> frames)
    {
        QuestDbTable found = _tables[table.Table];
        found.RequireWritable(displayName);
        QuestDbLimits.Require(table, found.IsOrderedByBar, frames, displayName);
    }

    public override async Task WriteBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        QuestDbTable found = _tables[table.Table];
        IReadOnlyList<PlannedFrame> frames = await CompleteAsync(found, table, stream, run, cancellationToken);
        if (frames.Count == 0)
        {
            return;
        }

        if (await bulkPath.FindAsync(connection, found, cancellationToken) is { } http)
        {
            var bars = new SentBars(http, found, table, stream, frames);
            await SendAsync(bars, cancellationToken);
            _sent.Add(bars);
        }
        else
        {
            _mayHaveKept = true;
            await QuestDbRowWriter.WriteAsync(connection, table, stream, frames, cancellationToken);
            _unread.Add(found.Name);
        }
    }

    public override string? DescribeRisk(TableSchema table) => _tables[table.Table].DescribeRisk(displayName);

    public override Task<TimeRangeSet> GetCoverageAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken) =>
        QuestDbCoverage.ReadAsync(connection, table, stream, within, _tables[table.Table].HasKey, cancellationToken);

    // QuestDB joins by equality alone.
    public override Task<IReadOnlyList<long>?> CountStoredEmptyAsync(
        IReadOnlyList<(CountedStream Count, string? Source)> streams, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<long>?>(null);

    public override async Task<IReadOnlyDictionary<string, long>> MeasureAsync(
        IReadOnlyList<CountedStream> counts, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT tableName, diskSize FROM table_storage()", connection);
        List<(string Table, long Bytes)> sizes =
            await command.ListAsync(static row => (row.GetString(0), row.GetInt64(1)), cancellationToken);
        ILookup<string, long> byName = sizes.ToLookup(size => size.Table, size => size.Bytes, StringComparer.OrdinalIgnoreCase);
        return counts.Select(count => count.Table.Table).Distinct().Where(byName.Contains)
            .ToDictionary(table => table, table => byName[table].First(), StringComparer.Ordinal);
    }

    public override BarReader OpenReader(TableSchema table, StreamKey stream, TimeRange range) =>
        new QuestDbBarReader(connection, table, table.Payload, stream, range, _tables[table.Table].IsOrderedByBar);

    public override async Task ChangeEmptyRangesAsync(StreamKey stream, EmptyRangeUpdate update, CancellationToken cancellationToken)
    {
        await ReadableAsync(cancellationToken);
        await QuestDbEmptyRanges.WriteAsync(connection, stream, update, cancellationToken);
        _unread.Add(EmptyRangesTable);
    }

    public override Task<IReadOnlyList<EmptyRange>> ReadEmptyRangesAsync(
        StreamKey stream, string? source, TimeRange within, CancellationToken cancellationToken) =>
        QuestDbEmptyRanges.ReadAsync(connection, stream, source, within, cancellationToken);

    public override async Task<IReadOnlyList<StreamKey>> ListStreamsAsync(TableSchema table, CancellationToken cancellationToken)
    {
        string node = QuestDbTypes.ColumnSql(table.NodeId);
        string interval = QuestDbTypes.ColumnSql(table.Interval);
        await using var command = new NpgsqlCommand(
            $"SELECT DISTINCT {node}, {interval} FROM {SqlText.Quote(table.Table)} WHERE {node} IS NOT NULL AND {interval} IS NOT NULL AND "
                + $"{QuestDbTypes.ColumnSql(table.Timestamp)} IS NOT NULL",
            connection);
        List<StreamKey?> found = await command.ListAsync(static row => StreamOf(row.GetValue(0), row.GetValue(1)), cancellationToken);
        return [.. found.OfType<StreamKey>()];
    }

    public override string CreateTableSql(string table, IEnumerable<(string Name, StoredType Type)> payload)
    {
        string columns = string.Concat(payload.Select(column => $", {ColumnSql(table, column.Name)} {TypeName(column.Type)}"));
        return $"CREATE TABLE IF NOT EXISTS {SqlText.Quote(table)} (node_id SYMBOL, interval INT, ts TIMESTAMP{columns}) "
            + $"TIMESTAMP(ts) PARTITION BY {PartitionOf(_stream.Interval)} WAL DEDUP UPSERT KEYS(ts, node_id, interval)";
    }

    public override string AddColumnSql(string table, string column, StoredType type) =>
        $"ALTER TABLE {SqlText.Quote(table)} ADD COLUMN IF NOT EXISTS {ColumnSql(table, column)} {TypeName(type)}";

    public override string? WidenColumnSql(TableSchema table, StoredColumn column) =>
        $"ALTER TABLE {SqlText.Quote(table.Table)} ALTER COLUMN {QuestDbTypes.ColumnSql(column)} TYPE {TypeName(StoredType.Double)}";

    public override string CreateEmptyRangesSql() => QuestDbEmptyRanges.CreateSql;

    public override async ValueTask DisposeAsync()
    {
        _lock?.Dispose();
        await connection.DisposeAsync();
    }

    protected override string IsNotRemovedSql => " AND NOT removed";

    // The rest says whether a row is on the grid, as in QuestDbCoverage. A table can hold a bar twice although it has a key.
    protected override string CountSql(TableSchema table, int number)
    {
        string node = QuestDbTypes.ColumnSql(table.NodeId);
        string interval = QuestDbTypes.ColumnSql(table.Interval);
        string ts = $"{QuestDbTypes.ColumnSql(table.Timestamp)}::long";
        long units = QuestDbTypes.UnitsPerSecond(table.Timestamp);
        return $"SELECT {number} tbl, node::varchar, step, min(first) / {units} first, max(last) / {units} last, sum(bars) bars FROM ("
            + $"SELECT {node} node, {interval} step, {ts} % ({interval}::long * {units}) rest, min({ts}) first, max({ts}) last, "
            + $"count_distinct({ts}) bars FROM {SqlText.Quote(table.Table)} "
            + $"WHERE {node} IS NOT NULL AND {interval} IS NOT NULL AND {ts} IS NOT NULL"
            + $") WHERE rest = 0 OR {IsOtherGridSql("step")} GROUP BY node, step";
    }

    protected override string NewestSql(TableSchema table, StreamKey stream, int number) =>
        $"SELECT {number} tbl, max({QuestDbTypes.ColumnSql(table.Timestamp)}::long) / {QuestDbTypes.UnitsPerSecond(table.Timestamp)} "
            + $"newest FROM {SqlText.Quote(table.Table)} WHERE {QuestDbTypes.ColumnSql(table.NodeId)} = {SqlText.Literal(stream.NodeId)} "
            + $"AND {QuestDbTypes.ColumnSql(table.Interval)} = {stream.Interval.Number}";

    protected override string TableSql(string table) => SqlText.Quote(table);

    protected override string ColumnSql(string column) => SqlText.Quote(QuestDbNames.EscapeColumn(column));

    protected override string TypeName(StoredType type) => QuestDbTypes.NameOf(type);

    // QuestDB keeps each partition in files of its own and rewrites whole partitions when bars come out of order. These hold some
    // thousand to a hundred thousand bars of a stream: 86,400 of 1s in a day, 44,640 of 1m in a month, 8,760 of 1h in a year.
    private static string PartitionOf(BarInterval interval) => interval.Duration.TotalSeconds switch
    {
        < 60 => "DAY",
        < 3600 => "MONTH",
        _ => "YEAR",
    };

    private string ColumnSql(string table, string column)
    {
        string escaped = QuestDbNames.EscapeColumn(column);
        return QuestDbNames.IsShortEnough(escaped)
            ? SqlText.Quote(escaped)
            : throw new StoreException(
                $"The column '{column}' cannot be added to the table '{table}' in {displayName}: with the characters that QuestDB refuses "
                    + $"written as ^ and two digits, its name is longer than the {QuestDbNames.MaximumCharacters} characters that QuestDB "
                    + $"keeps. Rename or drop the column.");
    }

    // What has to be known about stored bars before these can be written.
    private async Task<IReadOnlyList<PlannedFrame>> CompleteAsync(
        QuestDbTable found, TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        // Frames that overlap earlier ones of this write have to see them.
        await ReadableAsync(cancellationToken);
        if (found.HasKey)
        {
            return await QuestDbCarryOver.CompleteAsync(connection, table, stream, run, cancellationToken);
        }

        // Nothing keeps such a table from taking a bar twice. What an earlier process committed may not be readable yet, and counts.
        await WalWait.UntilReadableAsync(connection, found.Name, displayName, timeProvider, cancellationToken);
        var range = new TimeRange(run[0].Timestamps.Span[0], run[^1].Timestamps.Span[^1]);
        TimeRangeSet stored = await QuestDbCoverage.ReadAsync(connection, table, stream, range, hasKey: false, cancellationToken);
        return [.. run.Select(frame => Without(frame, stored)).Where(frame => frame.Timestamps.Length > 0)];
    }

    private static PlannedFrame Without(PlannedFrame frame, TimeRangeSet stored)
    {
        if (stored.IsEmpty)
        {
            return frame;
        }

        ReadOnlySpan<long> timestamps = frame.Timestamps.Span;
        var kept = new List<int>(timestamps.Length);
        for (int row = 0; row < timestamps.Length; row++)
        {
            if (!stored.Contains(timestamps[row]))
            {
                kept.Add(row);
            }
        }

        int[] rows = [.. kept];
        return new PlannedFrame(
            Array.ConvertAll(rows, row => frame.Timestamps.Span[row]),
            [.. frame.Columns.Select(column => column with { Values = column.Values.Select(rows) })]);
    }

    private async Task SendAsync(SentBars bars, CancellationToken cancellationToken)
    {
        try
        {
            await bars.SendAsync(cancellationToken);
            _mayHaveKept = true;
            _unread.Add(bars.Table.Name);
        }
        catch (StoreException error) when (error.IsTransient)
        {
            bulkPath.Reconsider();
            throw;
        }
    }

    private async Task ReadableAsync(CancellationToken cancellationToken)
    {
        await AppliedAsync(cancellationToken);

        // Where a table was dropped and made again, or a column of it, QuestDB acknowledges the next request on an old HTTP connection and
        // throws its bars, or their values in that column, away. The request after that is stored, so what is missing is sent once more.
        foreach (SentBars bars in _sent)
        {
            if (!await bars.IsStoredAsync(connection, cancellationToken))
            {
                await SendAsync(bars, cancellationToken);
                await AppliedAsync(cancellationToken);
                if (!await bars.IsStoredAsync(connection, cancellationToken))
                {
                    throw new StoreException(
                        $"{displayName} acknowledged bars of {bars.Stream} and does not have them; the table '{bars.Table.Name}' was "
                            + $"probably dropped or altered meanwhile. Try again.")
                    {
                        IsTransient = true,
                    };
                }
            }
        }

        _sent.Clear();
    }

    private async Task AppliedAsync(CancellationToken cancellationToken)
    {
        foreach (string table in _unread)
        {
            await WalWait.UntilReadableAsync(connection, table, displayName, timeProvider, cancellationToken);
        }

        _unread.Clear();
    }
}
