using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <content>All streams at a glance, in a few statements however many there are.</content>
public abstract partial class RelationalHistoryStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<HistorySummary>> SummarizeAsync(
        IReadOnlyCollection<StreamKey>? streams = null,
        Func<StreamKey, string?>? source = null,
        CancellationToken cancellationToken = default) => ReadOnceAsync<IReadOnlyList<HistorySummary>>(
        async session =>
        {
            IReadOnlyList<string> names = streams is null
                ? await ListOwnTablesAsync(session, cancellationToken)
                : [.. streams.Select(stream => Naming.TableOf(stream.NodeId)).Distinct()];
            var tables = new List<TableSchema>();
            foreach (FoundTable found in await session.FindTablesAsync(names, cancellationToken))
            {
                if (found.TryGetSchema(out TableSchema? table, out _))
                {
                    tables.Add(table);
                }
            }

            HashSet<StreamKey>? wanted = streams is null ? null : [.. streams];
            CountedStream[] counts = [.. (await session.CountBarsAsync(tables, cancellationToken)).Where(
                count => Naming.IsIn(count.Stream.NodeId, count.Table.Table) && wanted?.Contains(count.Stream) != false)];
            HistorySummary?[] summaries = await SummarizeAsync(session, counts, source, cancellationToken);
            return [.. summaries.OfType<HistorySummary>()
                .OrderBy(summary => summary.Stream.NodeId, StringComparer.Ordinal).ThenBy(summary => summary.Stream.Interval)];
        },
        [],
        cancellationToken);

    private static async Task<HistorySummary?[]> SummarizeAsync(
        RelationalSession session, CountedStream[] counts, Func<StreamKey, string?>? source, CancellationToken cancellationToken)
    {
        bool anyEmpty = (await session.FindTablesAsync([RelationalSession.EmptyRangesTable], cancellationToken)).Count > 0;
        ILookup<StreamKey, EmptyRange> empty = anyEmpty
            ? await session.ReadAllEmptyRangesAsync(cancellationToken)
            : Array.Empty<EmptyRange>().ToLookup(_ => default(StreamKey));
        TimeRangeSet[] absent = Array.ConvertAll(counts, count => AbsentOf(count.Stream, empty, source?.Invoke(count.Stream)));

        // Only of a stream of which both bars and their absence are known can one bar be both.
        int[] doubtful = [.. Enumerable.Range(0, counts.Length).Where(
            i => counts[i].Bounds is { } bounds && !absent[i].Intersect(bounds).IsEmpty)];
        IReadOnlyList<long>? stored = await session.CountStoredEmptyAsync(
            [.. doubtful.Select(i => (counts[i], source?.Invoke(counts[i].Stream)))], cancellationToken);
        var overlaps = doubtful.Select((i, at) => (i, Overlap: stored?[at])).ToDictionary(entry => entry.i, entry => entry.Overlap);

        IReadOnlyDictionary<string, long> bytes = await session.MeasureAsync(counts, cancellationToken);
        var inTable = new Dictionary<string, long>(StringComparer.Ordinal);
        var summaries = new HistorySummary?[counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            (TableSchema table, StreamKey stream, TimeRange? counted, long bars) = counts[i];
            long? overlap = overlaps.GetValueOrDefault(i, 0);
            summaries[i] = counted is { } bounds && overlap is { } both
                ? new HistorySummary
                {
                    Stream = stream,
                    Bounds = bounds,
                    Bars = bars,
                    Empty = absent[i].Intersect(bounds).BarCount - both,
                    EmptyAfter = HistorySummary.CountAfter(absent[i], bounds.End),
                }
                : HistorySummary.Of(
                    stream,
                    await session.GetCoverageAsync(table, stream, AllTime.AlignTo(stream.Interval)!.Value, cancellationToken),
                    absent[i]);
            inTable[table.Table] = inTable.GetValueOrDefault(table.Table) + (summaries[i]?.Bars ?? 0);
        }

        for (int i = 0; i < counts.Length; i++)
        {
            string table = counts[i].Table.Table;
            if (summaries[i] is { } summary && bytes.TryGetValue(table, out long all))
            {
                summaries[i] = summary with { Bytes = (long)(all * (summary.Bars / (double)inTable[table])) };
            }
        }

        return summaries;
    }

    private static TimeRangeSet AbsentOf(StreamKey stream, ILookup<StreamKey, EmptyRange> empty, string? source) => new TimeRangeSet(
        stream.Interval,
        empty[stream].Where(range => source is null || range.Source == source).Select(range => new TimeRange(range.Start, range.End)))
        .Intersect(AllTime);
}
