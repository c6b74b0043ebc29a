using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <content>Many streams at once: what is short of each and of many together, such as the bar that has just closed.</content>
public abstract partial class RelationalHistoryStore
{
    // A stream that the database itself refuses is found by writing, and the others are then written once more without it. After so
    // many, each goes by itself.
    private const int MostRefusalsTogether = 3;

    // Whoever makes the same tables at the same time makes some of them first, and then they are there.
    private const int MostTurnsOfMaking = 5;

    /// <summary>How many streams a transaction writes together; 1, the default, where it is of one stream only.</summary>
    private protected virtual int StreamsInTransaction => 1;

    /// <inheritdoc/>
    public virtual async Task<IReadOnlyList<StoreException?>> WriteManyAsync(
        IReadOnlyList<StreamWrite> writes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        foreach (StreamWrite write in writes)
        {
            RequirePagesOf(write.Stream, write.Pages);
        }

        var outcomes = new StoreException?[writes.Count];
        StoreException? away = null;
        foreach (int[] part in Enumerable.Range(0, writes.Count).Chunk(Math.Max(1, StreamsInTransaction)))
        {
            away ??= await WritePartAsync(writes, part, outcomes, cancellationToken);
            foreach (int at in away is null ? [] : part)
            {
                outcomes[at] ??= away;
            }
        }

        return outcomes;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredRange>> ReadManyAsync(
        IReadOnlyList<StreamRange> ranges, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        IReadOnlyList<StoredRange> nothing =
            [.. ranges.Select(range => new StoredRange([], TimeRangeSet.Empty(range.Stream.Interval)))];
        return ReadOnceAsync(session => ReadManyAsync(session, ranges, cancellationToken), nothing, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<StreamKey, long>> GetNewestAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streams);
        return ReadOnceAsync<IReadOnlyDictionary<StreamKey, long>>(
            async session =>
            {
                Dictionary<string, TableSchema> tables = SchemasOf(
                    await session.FindTablesAsync(TablesOf(streams), cancellationToken));
                (TableSchema Table, StreamKey Stream)[] stored =
                [
                    .. streams.Distinct()
                        .Where(stream => tables.ContainsKey(Naming.TableOf(stream.NodeId)))
                        .Select(stream => (tables[Naming.TableOf(stream.NodeId)], stream)),
                ];
                IReadOnlyList<long?> newest = await session.FindNewestAsync(stored, cancellationToken);
                var found = new Dictionary<StreamKey, long>();
                for (int i = 0; i < stored.Length; i++)
                {
                    (TableSchema table, StreamKey stream) = stored[i];

                    // A row of another program that is no bar: only the bars themselves tell.
                    long? bar = newest[i] is { } row && !stream.Interval.IsOnGrid(row)
                        ? await LastBarAsync(session, table, stream, cancellationToken)
                        : newest[i];
                    if (bar is { } open)
                    {
                        found[stream] = open;
                    }
                }

                return found;
            },
            new Dictionary<StreamKey, long>(),
            cancellationToken);
    }

    private static async Task<long?> LastBarAsync(
        RelationalSession session, TableSchema table, StreamKey stream, CancellationToken cancellationToken)
    {
        TimeRange all = AllTime.AlignTo(stream.Interval)!.Value;
        return (await session.GetCoverageAsync(table, stream, all, cancellationToken)).Bounds?.End;
    }

    private string[] TablesOf(IEnumerable<StreamKey> streams) =>
        [.. streams.Select(stream => Naming.TableOf(stream.NodeId)).Distinct(StringComparer.Ordinal)];

    private static Dictionary<string, TableSchema> SchemasOf(IReadOnlyList<FoundTable> all)
    {
        var tables = new Dictionary<string, TableSchema>(StringComparer.Ordinal);
        foreach (FoundTable found in all)
        {
            if (found.TryGetSchema(out TableSchema? table, out _))
            {
                tables[found.Name] = table;
            }
        }

        return tables;
    }

    private async Task<IReadOnlyList<StoredRange>> ReadManyAsync(
        RelationalSession session, IReadOnlyList<StreamRange> ranges, CancellationToken cancellationToken)
    {
        string[] tables = [.. TablesOf(ranges.Select(range => range.Stream)), RelationalSession.EmptyRangesTable];
        try
        {
            return await ReadManyAsync(session, ranges, await session.RecallTablesAsync(tables, cancellationToken), cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException && session.ForgetTables(tables))
        {
            // One of them is no longer what it was.
            return await ReadManyAsync(session, ranges, await session.FindTablesAsync(tables, cancellationToken), cancellationToken);
        }
    }

    private async Task<IReadOnlyList<StoredRange>> ReadManyAsync(
        RelationalSession session, IReadOnlyList<StreamRange> ranges, IReadOnlyList<FoundTable> all, CancellationToken cancellationToken)
    {
        Dictionary<string, TableSchema> tables = SchemasOf(all);
        var asked = new List<(TableSchema Table, StreamKey Stream, TimeRange Range)>(ranges.Count);
        int[] places = new int[ranges.Count];
        for (int i = 0; i < ranges.Count; i++)
        {
            places[i] = -1;
            if (tables.TryGetValue(Naming.TableOf(ranges[i].Stream.NodeId), out TableSchema? table)
                && Within(ranges[i].Range)?.AlignTo(ranges[i].Stream.Interval) is { } bars)
            {
                places[i] = asked.Count;
                asked.Add((table, ranges[i].Stream, bars));
            }
        }

        IReadOnlyList<IReadOnlyList<BarFrame>> frames = await session.ReadManyAsync(asked, cancellationToken);
        IReadOnlyList<IReadOnlyList<EmptyRange>>? empty = all.Any(static table => table.Name == RelationalSession.EmptyRangesTable)
            ? await session.ReadEmptyRangesAsync([.. ranges.Select(range => (range.Stream, range.Range))], cancellationToken)
            : null;
        return [.. ranges.Select((range, i) => new StoredRange(places[i] < 0 ? [] : frames[places[i]], EmptyOf(range, empty?[i] ?? [])))];
    }

    private static TimeRangeSet EmptyOf(StreamRange range, IReadOnlyList<EmptyRange> rows)
    {
        if (rows.Count == 0)
        {
            return TimeRangeSet.Empty(range.Stream.Interval);
        }

        IEnumerable<EmptyRange> ofSource = rows.Where(row => range.Source is null || row.Source == range.Source);
        return new TimeRangeSet(range.Stream.Interval, ofSource.Select(row => new TimeRange(row.Start, row.End))).Intersect(range.Range);
    }

    // Writes the streams at these places; gives back what is the matter where nobody can write to the store at present.
    private async Task<StoreException?> WritePartAsync(
        IReadOnlyList<StreamWrite> writes, int[] part, StoreException?[] outcomes, CancellationToken cancellationToken)
    {
        List<int> left = [.. part.Where(at => EmptyRangeUpdate.Touched(writes[at].Pages) is not null)];
        List<int> alone = [];
        int turns = 0;
        for (int refusals = 0; IsForMany(left) && refusals <= MostRefusalsTogether;)
        {
            var together = new Together(writes, left);
            try
            {
                await ChangeAsync(
                    writes[left[0]].Stream,
                    async session =>
                    {
                        await WriteTogetherAsync(session, together, outcomes, cancellationToken);
                        return true;
                    },
                    cancellationToken);
                alone.AddRange(together.Alone);
                left = together.Lacking;
                if (!IsForMany(left) || turns++ == MostTurnsOfMaking)
                {
                    break;
                }

                await MakeTablesAsync(writes, left, cancellationToken);
            }
            catch (StoreException error) when (together.AtFault is { } at && !error.ConcernsWholeStore)
            {
                outcomes[at] = error;
                left.Remove(at);
                refusals++;
            }
            catch (StoreException error) when (error.IsTransient || error.ConcernsWholeStore)
            {
                foreach (int at in left.Concat(alone))
                {
                    outcomes[at] = error;
                }

                return error;
            }
            catch (StoreException)
            {
                break;
            }
        }

        foreach (int at in left.Concat(alone).Order())
        {
            try
            {
                await WriteAloneAsync(writes[at], cancellationToken);
            }
            catch (StoreException error)
            {
                outcomes[at] = error;
                if (error.ConcernsWholeStore)
                {
                    return error;
                }
            }
        }

        return null;

        // What is only added costs less than a revision, also where it is one stream's.
        bool IsForMany(List<int> places) => places.Count > 1 || (places.Count == 1 && writes[places[0]].Revises);
    }

    /// <summary>Writes a stream by itself, in the way that it asks for.</summary>
    private protected Task WriteAloneAsync(StreamWrite write, CancellationToken cancellationToken) => write.Revises
        ? ReviseAsync(write.Stream, write.Pages, trailAdded: false, cancellationToken)
        : WriteAsync(write.Stream, write.Pages, cancellationToken);

    // One transaction. What needs more than rows (a column, another type), or has to wait for another writer, is left to be written by
    // itself: a change of the schema is a transaction of its own in some databases, and rewrites tables in others. What lacks a table waits
    // until those of all have been made.
    private async Task WriteTogetherAsync(
        RelationalSession session, Together together, StoreException?[] outcomes, CancellationToken cancellationToken)
    {
        IReadOnlyList<StreamWrite> writes = together.Writes;
        (IReadOnlyList<FoundTable> all, IReadOnlySet<StreamKey> busy) = await session.BeginManyAsync(
            [.. together.Places.Select(at => writes[at].Stream).Distinct()],
            [
                .. together.Places.Select(at => Naming.TableOf(writes[at].Stream.NodeId)).Distinct(StringComparer.Ordinal),
                RelationalSession.EmptyRangesTable,
            ],
            cancellationToken);
        Dictionary<string, FoundTable> found = all.ToDictionary(table => table.Name, StringComparer.Ordinal);
        bool hasEmptyRanges = found.ContainsKey(RelationalSession.EmptyRangesTable);
        var written = new List<WrittenStream>(together.Places.Count);

        // What comes after a write that is put aside, comes after it.
        var aside = new Dictionary<StreamKey, List<int>>();
        foreach (int at in together.Places)
        {
            (StreamKey stream, IReadOnlyList<BarPage> pages) = writes[at];
            try
            {
                if (aside.TryGetValue(stream, out List<int>? others))
                {
                    others.Add(at);
                    continue;
                }

                bool lacksTable = false;
                if (!busy.Contains(stream)
                    && Plan(session, at, stream, pages, found, hasEmptyRanges, out lacksTable) is { } plan
                    && (!writes[at].Revises || plan.Table is null || session.CanAdd(plan.Table, plan.Frames)))
                {
                    plan.OnlyAdds = writes[at].Revises;
                    written.Add(plan);
                    continue;
                }

                aside[stream] = lacksTable ? together.Lacking : together.Alone;
                aside[stream].Add(at);
            }
            catch (StoreException error)
            {
                outcomes[at] = error;
            }
        }

        await session.WriteManyAsync(
            [.. written.Where(stream => stream.Frames.Length > 0)], at => together.AtFault = at, cancellationToken);
        together.AtFault = null;
        if (hasEmptyRanges)
        {
            IReadOnlyList<IReadOnlyList<EmptyRange>> stored = await session.ReadEmptyRangesAsync(
                [.. written.Select(stream => (stream.Stream, stream.Touched))], cancellationToken);
            long now = _timeProvider.GetUtcNow().ToUnixTimeSeconds();
            for (int i = 0; i < written.Count; i++)
            {
                IReadOnlyList<BarPage> pages = writes[written[i].Place].Pages;
                if (stored[i].Count > 0 || pages.Any(page => !page.Empty.IsEmpty))
                {
                    StreamKey stream = written[i].Stream;
                    await session.ChangeEmptyRangesAsync(
                        stream, EmptyRangeUpdate.Compute(stream.Interval, stored[i], pages, now), cancellationToken);
                }
            }
        }

        await session.CommitAsync(cancellationToken);
        together.Alone.AddRange(written.Where(stream => stream.IsOvertaken).Select(stream => stream.Place));
        foreach (WrittenStream stream in written.Where(stream => stream.Frames.Length > 0))
        {
            _written.Wrote(
                stream.Stream,
                stream.Table!.Table,
                stream.Frames.SelectMany(frame => frame.Columns).Select(column => column.Stored.Name),
                session.DescribeRisk(stream.Table));
        }
    }

    // Null where the stream lacks a table, or has to be written by itself.
    private WrittenStream? Plan(
        RelationalSession session,
        int at,
        StreamKey stream,
        IReadOnlyList<BarPage> pages,
        Dictionary<string, FoundTable> found,
        bool hasEmptyRanges,
        out bool lacksTable)
    {
        BarFrame[] frames = FramesOf(pages);
        string name = Naming.TableOf(stream.NodeId);
        TableSchema? table = frames.Length > 0 && found.TryGetValue(name, out FoundTable? one) ? SchemaOf([one], name) : null;
        var changes = FindChanges(session, name, table, hasEmptyRanges, pages, frames);
        lacksTable = changes.Statements.Count > 0 && changes.Widened.Length == 0 && (table is null || changes.Missing.Count == 0);
        if (changes.Statements.Count + changes.Widened.Length > 0)
        {
            return null;
        }

        PlannedFrame[] planned = table is null ? [] : Array.ConvertAll(frames, frame => WritePlan.Fit(table, frame, DisplayName));
        if (table is not null)
        {
            session.RequireStorable(table, planned);
        }

        return new WrittenStream(at, stream, table, planned, EmptyRangeUpdate.Touched(pages)!.Value);
    }

    /// <summary>What one transaction writes.</summary>
    /// <param name="writes">All that is to be written.</param>
    /// <param name="places">Those of them that the transaction writes, by their places.</param>
    private sealed class Together(IReadOnlyList<StreamWrite> writes, IReadOnlyList<int> places)
    {
        public IReadOnlyList<StreamWrite> Writes => writes;

        public IReadOnlyList<int> Places { get; } = [.. places];

        /// <summary>Those that have to be written by themselves, or looked at more closely.</summary>
        public List<int> Alone { get; } = [];

        /// <summary>Those that lack a table, and nothing else.</summary>
        public List<int> Lacking { get; } = [];

        /// <summary>Whose bars are being written, where an error is about these.</summary>
        public int? AtFault { get; set; }
    }
}

/// <summary>A stream that is written together with others.</summary>
/// <param name="Place">Its place among all.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Table">Its table; null where no bar is written.</param>
/// <param name="Frames">Its bars.</param>
/// <param name="Touched">From the first to the last bar that its pages say anything about.</param>
internal sealed record WrittenStream(int Place, StreamKey Stream, TableSchema? Table, PlannedFrame[] Frames, TimeRange Touched)
{
    /// <summary>Whether bars that are stored stay as they are.</summary>
    public bool OnlyAdds { get; set; }

    /// <summary>Whether there are such.</summary>
    public bool IsOvertaken { get; set; }
}
