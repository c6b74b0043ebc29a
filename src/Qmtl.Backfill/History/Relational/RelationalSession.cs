using System.Data.Common;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <summary>
/// One connection for the length of one operation. What every relational database does alike is here, in standard SQL;
/// what each does best in its own way is left to the dialect that derives from it.
/// </summary>
internal abstract partial class RelationalSession : IAsyncDisposable
{
    /// <summary>The table of known-empty ranges, beside the tables of bars.</summary>
    public const string EmptyRangesTable = TableNaming.ReservedPrefix + "empty_ranges";

    protected abstract DbConnection Connection { get; }

    /// <summary>What follows the closing bracket of <c>CREATE TABLE</c>.</summary>
    protected virtual string TableOptions => string.Empty;

    /// <summary>Begins the transaction of a write; until it ends, no other session writes to the stream.</summary>
    public abstract Task BeginAsync(StreamKey stream, CancellationToken cancellationToken);

    /// <summary>Makes everything since <see cref="BeginAsync"/> lasting. Without it, disposal undoes it.</summary>
    public abstract Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>The columns of those of <paramref name="tables"/> that exist.</summary>
    public abstract Task<IReadOnlyList<FoundTable>> FindTablesAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken);

    /// <summary>The tables that have the three key columns, by name.</summary>
    public abstract Task<IReadOnlyList<string>> ListTablesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Changes the schema, and nothing else; false where another process made the same change at the same time, and then nothing was
    /// changed.
    /// </summary>
    /// <exception cref="StoreException">A column cannot be widened; nothing was changed.</exception>
    public abstract Task<bool> TryChangeSchemaAsync(SchemaChange change, CancellationToken cancellationToken);

    /// <summary>Refuses values that the database could not give back, before the first row is written. The default refuses none.</summary>
    /// <exception cref="StoreException">A value is one of those.</exception>
    public virtual void RequireStorable(TableSchema table, IReadOnlyList<PlannedFrame> frames)
    {
    }

    /// <summary>
    /// Writes bars in one bulk operation: a bar that is there is replaced in the columns given, one that is not is added.
    /// </summary>
    /// <param name="table">The table.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="run">Frames of the same columns, each later than the one before.</param>
    /// <param name="cancellationToken">Ends the operation.</param>
    public abstract Task WriteBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the database may keep bars of this session if the write fails from now on; false, the default, where it takes back what was
    /// not committed.
    /// </summary>
    public virtual bool MayHaveKept => false;

    /// <summary>Who kept the write waiting so long that it should be told, as a sentence; null, the default, where nobody did.</summary>
    public virtual string? WaitedFor => null;

    /// <summary>
    /// Refuses what was just read where others may have changed it meanwhile. The default, for a database that keeps its readers apart
    /// from its writers, does nothing.
    /// </summary>
    /// <exception cref="StoreException">The database was changed; reading again helps.</exception>
    public virtual void RequireUnchanged()
    {
    }

    /// <summary>
    /// What the database cannot promise of a table that was just written, and the way out, for people; null, the default, where it keeps
    /// every bar once.
    /// </summary>
    public virtual string? DescribeRisk(TableSchema table) => null;

    /// <summary>The bars in the table, computed in the way that is cheapest for the database.</summary>
    public abstract Task<TimeRangeSet> GetCoverageAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken);

    /// <summary>A reader of the stream's bars inside <paramref name="range"/>.</summary>
    public abstract BarReader OpenReader(TableSchema table, StreamKey stream, TimeRange range);

    /// <summary>Inserts and deletes known-empty ranges of a stream, many in a statement.</summary>
    public abstract Task ChangeEmptyRangesAsync(StreamKey stream, EmptyRangeUpdate update, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>The statement that makes a table of bars.</summary>
    public virtual string CreateTableSql(string table, IEnumerable<(string Name, StoredType Type)> payload)
    {
        IEnumerable<string> columns = payload.Select(column => $", {SqlText.Quote(column.Name)} {TypeName(column.Type)}");
        return $"CREATE TABLE {TableSql(table)} ({KeyColumn(ColumnNames.NodeId, TypeName(StoredType.Text))}, "
            + $"{KeyColumn(ColumnNames.Interval, TypeName(StoredType.Int32))}, "
            + $"{KeyColumn(ColumnNames.Timestamp, TypeName(StoredType.Int64))}"
            + $"{string.Concat(columns)}, PRIMARY KEY ({SqlText.Quote(ColumnNames.NodeId)}, {SqlText.Quote(ColumnNames.Interval)}, "
            + $"{SqlText.Quote(ColumnNames.Timestamp)})){TableOptions}";
    }

    /// <summary>The statement that adds a payload column.</summary>
    public virtual string AddColumnSql(string table, string column, StoredType type) =>
        $"ALTER TABLE {TableSql(table)} ADD COLUMN {SqlText.Quote(column)} {TypeName(type)}";

    /// <summary>
    /// The statement that turns a column of whole numbers into one of doubles; null, the default, where the database has none.
    /// </summary>
    public virtual string? WidenColumnSql(TableSchema table, StoredColumn column) => null;

    /// <summary>
    /// Refuses to make doubles of a column in which a whole number is that no double equals, beyond 2^53 on either side of zero.
    /// </summary>
    /// <exception cref="StoreException">A column is one of those.</exception>
    protected async Task RequireExactAsync(SchemaChange change, CancellationToken cancellationToken)
    {
        foreach ((StoredColumn column, string sql) in change.Widened)
        {
            string where = BeyondDoublesSql(ColumnSql(column.Name));
            await using DbCommand command = Connection.CreateCommand(
                $"SELECT 1 FROM {TableSql(change.Table!.Table)} WHERE {where} LIMIT 1");
            command.CommandTimeout = 0;
            if (await command.ExecuteScalarAsync(cancellationToken) is not (null or DBNull))
            {
                throw change.Refuse(
                    column,
                    "it has whole numbers beyond 2^53, which a double cannot keep",
                    $"Rename the column at the source, or run {sql} if those may be rounded");
            }
        }
    }

    /// <summary>The condition under which a column holds a whole number beyond 2^53 on either side of zero.</summary>
    protected virtual string BeyondDoublesSql(string column) =>
        $"({column} > {ColumnType.LargestExactInDouble} OR {column} < -{ColumnType.LargestExactInDouble})";

    /// <summary>The statement that makes the table of known-empty ranges.</summary>
    public virtual string CreateEmptyRangesSql() =>
        $"CREATE TABLE {TableSql(EmptyRangesTable)} (node_id {TypeName(StoredType.Text)} NOT NULL, \"interval\" "
            + $"{TypeName(StoredType.Int32)} NOT NULL, "
        + $"source {TypeName(StoredType.Text)} NOT NULL, start_ts {TypeName(StoredType.Int64)} NOT NULL, end_ts "
        + $"{TypeName(StoredType.Int64)} NOT NULL, "
        + $"learnt_at {TypeName(StoredType.Int64)} NOT NULL, PRIMARY KEY (node_id, \"interval\", source, start_ts)){TableOptions}";

    /// <summary>Each node id and interval of which the table has a row.</summary>
    public virtual async Task<IReadOnlyList<StreamKey>> ListStreamsAsync(TableSchema table, CancellationToken cancellationToken)
    {
        string from = $"FROM {TableSql(table.Table)} AS t";
        string node = $"t.{SqlText.Quote(table.NodeId.Name)}";
        string interval = $"t.{SqlText.Quote(table.Interval.Name)}";

        // With the key in place, each stream is one step down the index; a table of another program may have to be read whole.
        string sql = table.HasKey
            ? $"""
                WITH RECURSIVE nodes(n) AS (
                    SELECT min({node}) {from}
                    UNION ALL SELECT (SELECT min({node}) {from} WHERE {node} > nodes.n) FROM nodes WHERE nodes.n IS NOT NULL),
                pairs(n, i) AS (
                    SELECT nodes.n, (SELECT min({interval}) {from} WHERE {node} = nodes.n) FROM nodes WHERE nodes.n IS NOT NULL
                    UNION ALL SELECT pairs.n, (SELECT min({interval}) {from} WHERE {node} = pairs.n AND {interval} > pairs.i)
                    FROM pairs WHERE pairs.i IS NOT NULL)
                SELECT pairs.n, pairs.i FROM pairs WHERE pairs.i IS NOT NULL
                """
            : $"SELECT DISTINCT {node}, {interval} {from} WHERE {node} IS NOT NULL AND {interval} IS NOT NULL";
        await using DbCommand command = Connection.CreateCommand(sql);
        List<StreamKey?> found = await command.ListAsync(static row => StreamOf(row.GetValue(0), row.GetValue(1)), cancellationToken);
        return [.. found.OfType<StreamKey>()];
    }

    /// <summary>The known-empty ranges of the stream that share a bar with <paramref name="within"/>, by source, then start.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="source">One source; null for all.</param>
    /// <param name="within">The bars of interest.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    public virtual async Task<IReadOnlyList<EmptyRange>> ReadEmptyRangesAsync(
        StreamKey stream, string? source, TimeRange within, CancellationToken cancellationToken)
    {
        await using DbCommand command = Connection.CreateCommand(
            EmptyRangesSql("@node", "@interval", "(@source IS NULL OR s = @source)", "@start", "@end"),
            ("node", stream.NodeId),
            ("interval", stream.Interval.Number),
            ("source", source),
            ("start", within.Start),
            ("end", within.End));
        return await command.ListAsync(EmptyRange.Of, cancellationToken);
    }

    /// <summary>The query for the known-empty ranges of a stream, given what stands for each part of the question.</summary>
    /// <param name="node">The node's id.</param>
    /// <param name="interval">The interval's number.</param>
    /// <param name="ofSource">What a source <c>s</c> must be, as a condition.</param>
    /// <param name="start">The first bar of interest.</param>
    /// <param name="end">The last bar of interest.</param>
    protected string EmptyRangesSql(string node, string interval, string ofSource, string start, string end)
    {
        string table = TableSql(EmptyRangesTable);
        string stream = $"node_id = {node} AND \"interval\" = {interval}";

        // The ranges of one source do not overlap, so only the last that starts before the bars of interest can reach into them.
        return $"""
            WITH RECURSIVE sources(s) AS (
                SELECT min(source) FROM {table} WHERE {stream}
                UNION ALL SELECT (SELECT min(source) FROM {table} WHERE {stream} AND source > s) FROM sources WHERE s IS NOT NULL)
            SELECT e.source, e.start_ts, e.end_ts, e.learnt_at
            FROM sources JOIN {table} e ON e.source = s
            WHERE e.node_id = {node} AND e."interval" = {interval} AND {ofSource} AND e.start_ts <= {end}
                AND e.start_ts >= coalesce(
                    (SELECT max(start_ts) FROM {table} WHERE {stream} AND source = s AND start_ts <= {start}), {start})
                AND e.end_ts >= {start} AND e.end_ts >= e.start_ts
            ORDER BY e.source, e.start_ts
            """;
    }

    /// <summary>The table as it is named in a statement: with its schema, so that no name means anything else.</summary>
    protected abstract string TableSql(string table);

    /// <summary>A column as it is named in a statement.</summary>
    protected virtual string ColumnSql(string column) => SqlText.Quote(column);

    /// <summary>The database's word for a type that the library makes columns of.</summary>
    protected abstract string TypeName(StoredType type);

    private static string KeyColumn(string name, string type) => $"{SqlText.Quote(name)} {type} NOT NULL";

    /// <summary>
    /// The stream that a row is of; null where rows of other programs name one that cannot be: a blank node, an interval of zero.
    /// </summary>
    protected static StreamKey? StreamOf(object nodeId, object interval)
    {
        try
        {
            return nodeId is string node && interval is long or int or short
                ? new StreamKey(node, BarInterval.FromNumber(Convert.ToInt64(interval, null)))
                : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
