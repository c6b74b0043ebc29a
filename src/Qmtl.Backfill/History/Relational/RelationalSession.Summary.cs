using System.Data.Common;
using System.Globalization;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <summary>How many bars of a stream are in a table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Bounds">The opens of the first and the last bar; null where the statement counted none, or could not.</param>
/// <param name="Bars">How many bars there are.</param>
internal readonly record struct CountedStream(TableSchema Table, StreamKey Stream, TimeRange? Bounds, long Bars);

/// <content>What is asked of all streams at once.</content>
internal abstract partial class RelationalSession
{
    // Enough that the way to the server no longer counts, few enough for any database's limit of one statement.
    private const int SelectsInStatement = 100;

    private const int SecondsOfWeek = 7 * 24 * 60 * 60;

    /// <summary>
    /// Counts the bars of every stream in the tables, many tables in a statement. Where a statement cannot count right (no key, months,
    /// bars that open on another grid than that of their seconds), there are no bounds, and who asks must look at the coverage.
    /// </summary>
    public async Task<IReadOnlyList<CountedStream>> CountBarsAsync(IReadOnlyList<TableSchema> tables, CancellationToken cancellationToken)
    {
        var counts = new List<CountedStream?>();
        await AskAllAsync(
            [.. tables.Select((table, number) => CountSql(table, number))],
            row => counts.Add(CountOf(tables[Convert.ToInt32(row.GetValue(0), CultureInfo.InvariantCulture)], row)),
            cancellationToken);
        return [.. counts.OfType<CountedStream>()];
    }

    /// <summary>Counts those bars of streams that are stored although a source is known not to have them.</summary>
    /// <param name="streams">The streams, and the source whose "none" counts; null for any.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    /// <returns>The counts, in the streams' order; null where only the coverage tells.</returns>
    public virtual async Task<IReadOnlyList<long>?> CountStoredEmptyAsync(
        IReadOnlyList<(CountedStream Count, string? Source)> streams, CancellationToken cancellationToken)
    {
        long[] counts = new long[streams.Count];
        await AskAllAsync(
            [.. streams.Select((stream, number) => StoredEmptySql(stream.Count, stream.Source, number))],
            row => counts[Convert.ToInt32(row.GetValue(0), CultureInfo.InvariantCulture)] = row.GetInt64(1),
            cancellationToken);
        return counts;
    }

    /// <summary>All known-empty ranges, of all streams.</summary>
    public async Task<ILookup<StreamKey, EmptyRange>> ReadAllEmptyRangesAsync(CancellationToken cancellationToken)
    {
        await using DbCommand command = Connection.CreateCommand(
            $"SELECT source, start_ts, end_ts, learnt_at, node_id, \"interval\" FROM {TableSql(EmptyRangesTable)} "
                + $"WHERE end_ts >= start_ts{IsNotRemovedSql}");
        List<(StreamKey? Stream, EmptyRange Range)> rows = await command.ListAsync(
            static row => (StreamOf(row.GetValue(4), row.GetValue(5)), EmptyRange.Of(row)), cancellationToken);
        return rows.Where(row => row.Stream is not null).ToLookup(row => row.Stream!.Value, row => row.Range);
    }

    /// <summary>
    /// How many bytes the tables take, by name; a table that the database cannot tell of cheaply is not among them. SQLite, which would
    /// have
    /// to read all of a table, gives each a part of the file by its bars.
    /// </summary>
    public abstract Task<IReadOnlyDictionary<string, long>> MeasureAsync(
        IReadOnlyList<CountedStream> counts, CancellationToken cancellationToken);

    /// <summary>What else a row of the known-empty ranges must be, as a condition that is added; nothing by default.</summary>
    protected virtual string IsNotRemovedSql => string.Empty;

    /// <summary>The table's number, node id, interval, first and last bar and count of each stream in it.</summary>
    protected virtual string CountSql(TableSchema table, int number)
    {
        (string node, string interval, string ts) = KeyOf(table);
        return $"SELECT {number}, {node}, {interval}, min({ts}), max({ts}), count(*) FROM {TableSql(table.Table)} AS t "
            + $"WHERE {OnGridSql(ts, interval)} OR {IsOtherGridSql(interval)} GROUP BY {node}, {interval}";
    }

    /// <summary>Whether a bar opens at a multiple of its seconds.</summary>
    protected virtual string OnGridSql(string ts, string interval) => $"{ts} % nullif({interval}, 0) = 0";

    /// <summary>Whether bars of the interval may open elsewhere: weeks do, and months and what has an offset (a negative number).</summary>
    protected static string IsOtherGridSql(string interval) => $"{interval} < 1 OR {interval} % {SecondsOfWeek} = 0";

    private static (string Node, string Interval, string Timestamp) KeyOf(TableSchema table) =>
        ($"t.{SqlText.Quote(table.NodeId.Name)}", $"t.{SqlText.Quote(table.Interval.Name)}", $"t.{SqlText.Quote(table.Timestamp.Name)}");

    private static CountedStream? CountOf(TableSchema table, DbDataReader row)
    {
        if (StreamOf(row.GetValue(1), row.GetValue(2)) is not { } stream)
        {
            return null;
        }

        bool isCounted = table.HasKey && table.Timestamp.Type == StoredType.Int64
            && stream.Interval.IsFixed && stream.Interval.Floor(0) == 0 && !row.IsDBNull(3);
        return isCounted
            ? new CountedStream(table, stream, new TimeRange(Whole(3), Whole(4)), row.GetInt64(5))
            : new CountedStream(table, stream, Bounds: null, Bars: 0);

        long Whole(int column) => Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture);
    }

    private string StoredEmptySql(CountedStream count, string? source, int number)
    {
        (string node, string interval, string ts) = KeyOf(count.Table);
        string ofSource = source is null ? string.Empty : $" AND e.source = {SqlText.Literal(source)}";

        // A cross join, so that SQLite begins with the few ranges and not with the many bars.
        return $"SELECT {number}, count(DISTINCT {ts}) "
            + $"FROM {TableSql(EmptyRangesTable)} AS e CROSS JOIN {TableSql(count.Table.Table)} AS t "
            + $"WHERE {node} = e.node_id AND {interval} = e.\"interval\" AND {ts} BETWEEN e.start_ts AND e.end_ts "
            + $"AND {OnGridSql(ts, interval)} AND e.node_id = {SqlText.Literal(count.Stream.NodeId)} "
            + $"AND e.\"interval\" = {count.Stream.Interval.Number}{ofSource}";
    }

    private async Task AskAllAsync(IReadOnlyList<string> selects, Action<DbDataReader> read, CancellationToken cancellationToken)
    {
        foreach (string[] some in selects.Chunk(SelectsInStatement))
        {
            await using DbCommand command = Connection.CreateCommand(string.Join(" UNION ALL ", some));
            await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                read(reader);
            }
        }
    }
}
