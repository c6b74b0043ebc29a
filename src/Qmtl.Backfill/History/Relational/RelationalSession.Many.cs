using System.Globalization;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <content>What is done for many streams at once; here one after the other, for databases that have no better way.</content>
internal abstract partial class RelationalSession
{
    /// <summary>
    /// Begins the transaction of a write of many streams, and looks for tables. No other session writes to the streams until it ends, but
    /// to those that are told: another writes to them now, and this transaction does not wait for it.
    /// </summary>
    public virtual async Task<(IReadOnlyList<FoundTable> Found, IReadOnlySet<StreamKey> Busy)> BeginManyAsync(
        IReadOnlyList<StreamKey> streams, IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        await BeginAsync(streams[0], cancellationToken);
        return (await FindTablesAsync(tables, cancellationToken), new HashSet<StreamKey>());
    }

    /// <summary>
    /// The tables as they are or, where the session remembers them, as they were some time ago. For reads, which fail where that makes a
    /// difference; by default they are looked up.
    /// </summary>
    public virtual Task<IReadOnlyList<FoundTable>> RecallTablesAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken) =>
        FindTablesAsync(tables, cancellationToken);

    /// <summary>Forgets what is remembered of tables; false where nothing is.</summary>
    public virtual bool ForgetTables(IReadOnlyList<string> tables) => false;

    /// <summary>Whether bars can be added to the table by <see cref="TryAddBarsAsync"/>; by default they cannot.</summary>
    public virtual bool CanAdd(TableSchema table, IReadOnlyList<PlannedFrame> frames) => false;

    /// <summary>
    /// Writes bars of which none is stored, as far as anybody knows. False where some are: these stay as they are, and others may have been
    /// written.
    /// </summary>
    protected virtual Task<bool> TryAddBarsAsync(
        TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Writes the bars of many streams.</summary>
    /// <param name="streams">The streams, each with a table and with bars.</param>
    /// <param name="atFault">Told whose bars an error is about, before it is thrown, by the stream's place; null for none's.</param>
    /// <param name="cancellationToken">Ends the operation.</param>
    public virtual async Task WriteManyAsync(
        IReadOnlyList<WrittenStream> streams, Action<int?> atFault, CancellationToken cancellationToken)
    {
        foreach (WrittenStream stream in streams)
        {
            atFault(stream.Place);
            foreach (IReadOnlyList<PlannedFrame> run in PlannedFrame.InRuns(stream.Frames))
            {
                if (!stream.OnlyAdds)
                {
                    await WriteBarsAsync(stream.Table!, stream.Stream, run, cancellationToken);
                }
                else if (!await TryAddBarsAsync(stream.Table!, stream.Stream, run, cancellationToken))
                {
                    stream.IsOvertaken = true;
                }
            }
        }

        atFault(null);
    }

    /// <summary>Reads short ranges of many streams, whole.</summary>
    public virtual async Task<IReadOnlyList<IReadOnlyList<BarFrame>>> ReadManyAsync(
        IReadOnlyList<(TableSchema Table, StreamKey Stream, TimeRange Range)> ranges, CancellationToken cancellationToken)
    {
        var all = new List<IReadOnlyList<BarFrame>>(ranges.Count);
        foreach ((TableSchema table, StreamKey stream, TimeRange range) in ranges)
        {
            await using BarReader reader = OpenReader(table, stream, range);
            all.Add(await reader.ReadAllAsync(cancellationToken));
        }

        return all;
    }

    /// <summary>The known-empty ranges of many streams, of all sources, in the order of <paramref name="streams"/>.</summary>
    public virtual async Task<IReadOnlyList<IReadOnlyList<EmptyRange>>> ReadEmptyRangesAsync(
        IReadOnlyList<(StreamKey Stream, TimeRange Within)> streams, CancellationToken cancellationToken)
    {
        var all = new List<IReadOnlyList<EmptyRange>>(streams.Count);
        foreach ((StreamKey stream, TimeRange within) in streams)
        {
            all.Add(await ReadEmptyRangesAsync(stream, source: null, within, cancellationToken));
        }

        return all;
    }

    /// <summary>When the newest row of each stream opens, whether or not it is a bar; null where there is none.</summary>
    public async Task<IReadOnlyList<long?>> FindNewestAsync(
        IReadOnlyList<(TableSchema Table, StreamKey Stream)> streams, CancellationToken cancellationToken)
    {
        var newest = new long?[streams.Count];
        await AskAllAsync(
            [.. streams.Select((stream, number) => NewestSql(stream.Table, stream.Stream, number))],
            row => newest[Convert.ToInt32(row.GetValue(0), CultureInfo.InvariantCulture)] =
                row.IsDBNull(1) ? null : Convert.ToInt64(row.GetValue(1), CultureInfo.InvariantCulture),
            cancellationToken);
        return newest;
    }

    /// <summary>A number, and the newest second of the stream's rows.</summary>
    protected virtual string NewestSql(TableSchema table, StreamKey stream, int number)
    {
        (string node, string interval, string ts) = KeyOf(table);
        return $"SELECT {number}, (SELECT max({ts}) FROM {TableSql(table.Table)} AS t WHERE {node} = {SqlText.Literal(stream.NodeId)} "
            + $"AND {interval} = {stream.Interval.Number})";
    }
}
