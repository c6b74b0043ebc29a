using System.Globalization;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>Computes coverage on the server, as far as it can, and fetches bars only where there are holes.</summary>
/// <remarks>
/// The server counts the bars on the grid in spans of <see cref="BarsInSpan"/>, on all its cores, with the first and the last of
/// each: as many as fit between those two mean that none is missing, where none is there twice. A key does not prove that: DEDUP
/// can be enabled on a table whose rows are doubled, and keeps them. So each span has a <see cref="BarMark">mark</see>, too. The
/// bars of the other spans are streamed, many spans in a round trip. One million bars with 100 gaps take about half the time in which a
/// client streams every timestamp; a window function (<c>lag()</c>) over the whole stream takes as long as that stream, because it runs on
/// one core. Where every span has holes, they are one long span, and the stream comes on top of the count.
/// </remarks>
internal static class QuestDbCoverage
{
    private const int BarsInSpan = 1024;
    private const int SpansInBatch = 128;

    /// <summary>The bars of the stream inside <paramref name="within"/>, whose ends are on the grid.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="table">The table.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="within">The bars of interest.</param>
    /// <param name="hasKey">Whether the table has its key now, so that counting is worth while; without it, and of months, every bar is
    /// looked at.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    public static async Task<TimeRangeSet> ReadAsync(
        NpgsqlConnection connection,
        TableSchema table,
        StreamKey stream,
        TimeRange within,
        bool hasKey,
        CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(table, stream);
        var builder = new TimeRangeSetBuilder(stream.Interval);
        List<CountedSpan> spans = hasKey && stream.Interval.IsFixed
            ? await CountAsync(connection, rows, stream.Interval, within, cancellationToken)
            : [new CountedSpan(within.Start, within.End, IsWhole: false)];
        int next = 0;
        while (next < spans.Count)
        {
            if (spans[next].IsWhole)
            {
                builder.Add(spans[next++].Range);
                continue;
            }

            next = await StreamAsync(connection, rows, spans, next, builder, cancellationToken);
        }

        return builder.Build();
    }

    // Ascending; neighbours with holes are one span.
    private static async Task<List<CountedSpan>> CountAsync(
        NpgsqlConnection connection, QuestDbRows rows, BarInterval interval, TimeRange within, CancellationToken cancellationToken)
    {
        long step = interval.Seconds * rows.UnitsPerSecond;
        long opens = interval.Floor(interval.Seconds) % interval.Seconds * rows.UnitsPerSecond;

        // The rest says whether a row is on the grid. As a key of the grouping it costs half of what it costs as a condition.
        string sql = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            SELECT first, last, bars, mark FROM (
                SELECT {rows.TimestampSql}::long / {step * BarsInSpan} span, {rows.TimestampSql}::long % {step} rest, count() bars,
                    min({rows.TimestampSql})::long first, max({rows.TimestampSql})::long last,
                    {BarMark.SumSql($"{rows.TimestampSql}::long")} mark
                {rows.FromSql} AND {rows.BetweenSql(within)})
            WHERE rest = {opens} ORDER BY span
            """);
        await using var command = new NpgsqlCommand(sql, connection);
        rows.AddParameters(command.Parameters);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        var spans = new List<CountedSpan>();
        while (await reader.ReadAsync(cancellationToken))
        {
            (long first, long last) = (reader.GetInt64(0), reader.GetInt64(1));
            bool isWhole = (last - first) / step + 1 == reader.GetInt64(2)
                && !reader.IsDBNull(3)
                && BarMark.Sum(first, last, step) == reader.GetInt64(3);
            var span = new CountedSpan(first / rows.UnitsPerSecond, last / rows.UnitsPerSecond, isWhole);
            if (!span.IsWhole && spans.Count > 0 && !spans[^1].IsWhole)
            {
                spans[^1] = span with { Start = spans[^1].Start };
            }
            else
            {
                spans.Add(span);
            }
        }

        return spans;
    }

    // Streams the next spans with holes, and adds the whole ones between them; the index after the last that was added.
    private static async Task<int> StreamAsync(
        NpgsqlConnection connection,
        QuestDbRows rows,
        List<CountedSpan> spans,
        int next,
        TimeRangeSetBuilder builder,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        int end = next;
        for (; end < spans.Count && batch.BatchCommands.Count < SpansInBatch; end++)
        {
            if (!spans[end].IsWhole)
            {
                var command = new NpgsqlBatchCommand(
                    $"SELECT {rows.ReadTimestampSql} {rows.FromSql} AND {rows.BetweenSql(spans[end].Range)} ORDER BY 1");
                rows.AddParameters(command.Parameters);
                batch.BatchCommands.Add(command);
            }
        }

        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (; next < end; next++)
        {
            if (spans[next].IsWhole)
            {
                builder.Add(spans[next].Range);
                continue;
            }

            while (await reader.ReadAsync(cancellationToken))
            {
                if (rows.TryReadSeconds(reader, out long timestamp))
                {
                    builder.AddTimestamp(timestamp);
                }
            }

            await reader.NextResultAsync(cancellationToken);
        }

        return end;
    }

    // The first and the last bar, and whether all between them are there.
    private readonly record struct CountedSpan(long Start, long End, bool IsWhole)
    {
        public TimeRange Range => new(Start, End);
    }
}
