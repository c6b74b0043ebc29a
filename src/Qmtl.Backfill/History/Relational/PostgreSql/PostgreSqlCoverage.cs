using Npgsql;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Computes coverage on the server, and fetches as little as tells it.</summary>
/// <remarks>
/// <para>
/// The index on the key is walked in spans of <see cref="BarsInSpan"/> bars, each beginning at the next bar that is there, so
/// that long stretches without bars cost one step. In each span the bars on the grid are counted: as many as fit mean that
/// none is missing, and the span is one row of the answer; any other is broken into its ranges by a window function. Ten
/// million bars with 100 gaps take 0.6 of the time of streaming every timestamp, and some 20,000 rows instead of ten million.
/// </para>
/// <para>
/// Where holes are everywhere, the plain stream of timestamps is four times as fast as that, so the first
/// <see cref="SpansInProbe"/> spans decide how the rest is read. A window function over the whole stream, and a GROUP BY on
/// spans, were slower than the stream in every case: each makes the server sort all bars.
/// </para>
/// </remarks>
internal sealed class PostgreSqlCoverage
{
    private const int BarsInSpan = 512;
    private const int SpansInProbe = 64;
    private const int ManyRanges = 8;

    private readonly NpgsqlConnection _connection;
    private readonly StreamKey _stream;
    private readonly string _timestamp;
    private readonly string _rows;
    private readonly bool _hasKey;
    private readonly TimeRangeSetBuilder _builder;

    /// <summary>A computation over one stream.</summary>
    public PostgreSqlCoverage(NpgsqlConnection connection, string tableSql, TableSchema table, StreamKey stream)
    {
        _connection = connection;
        _stream = stream;
        _timestamp = $"t.{SqlText.Quote(table.Timestamp.Name)}";
        _rows = $"FROM {tableSql} AS t WHERE t.{SqlText.Quote(table.NodeId.Name)} = $1 AND t.{SqlText.Quote(table.Interval.Name)} = $2";
        _hasKey = table.HasKey;
        _builder = new TimeRangeSetBuilder(stream.Interval);
    }

    /// <summary>The bars of the stream inside <paramref name="within"/>, whose ends are on the grid.</summary>
    public async Task<TimeRangeSet> ReadAsync(TimeRange within, CancellationToken cancellationToken)
    {
        // Without the key there may be no index to walk, and a bar may be counted twice; every timestamp is looked at then.
        // Months are few, and no mod() tells whether one opens at a time.
        if (!_hasKey || !_stream.Interval.IsFixed)
        {
            await ReadBarsAsync(within, cancellationToken);
            return _builder.Build();
        }

        (long spans, long ranges, long next) = await ReadSpansAsync(within, SpansInProbe, cancellationToken);
        if (spans == SpansInProbe && next <= within.End)
        {
            var rest = new TimeRange(next, within.End);
            await (
                ranges > ManyRanges * spans
                    ? ReadBarsAsync(rest, cancellationToken)
                    : ReadSpansAsync(rest, long.MaxValue, cancellationToken));
        }

        return _builder.Build();
    }

    private async Task ReadBarsAsync(TimeRange within, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = CreateBatch(
            $"SELECT {_timestamp}::int8 {_rows} AND {_timestamp} BETWEEN $3 AND $4 ORDER BY {_timestamp}", within);
        await using NpgsqlDataReader reader = await ExecuteAsync(batch, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            _builder.AddTimestamp(reader.GetInt64(0));
        }
    }

    // How many spans were walked, in how many pieces they came, and where the next would begin.
    private async Task<(long Spans, long Ranges, long Next)> ReadSpansAsync(
        TimeRange within, long limit, CancellationToken cancellationToken)
    {
        BarInterval interval = _stream.Interval;
        await using NpgsqlBatch batch = CreateBatch(SpansSql(), within, interval.Seconds, interval.Floor(0), limit);
        await using NpgsqlDataReader reader = await ExecuteAsync(batch, cancellationToken);
        long spans = 0;
        long ranges = 0;
        long next = within.Start;
        while (await reader.ReadAsync(cancellationToken))
        {
            _builder.Add(new TimeRange(reader.GetInt64(0), reader.GetInt64(1)));
            spans = reader.GetInt64(2);
            next = interval.Add(reader.GetInt64(3), BarsInSpan);
            ranges++;
        }

        return (spans, ranges, next);
    }

    private NpgsqlBatch CreateBatch(string sql, TimeRange within, params ReadOnlySpan<long> more)
    {
        var command = new NpgsqlBatchCommand(sql)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = _stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = _stream.Interval.Number },
                new NpgsqlParameter<long> { TypedValue = within.Start },
                new NpgsqlParameter<long> { TypedValue = within.End },
            },
        };
        foreach (long value in more)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = value });
        }

        // Compiling the statement takes longer than running it. The setting ends with the batch, which is one transaction.
        return new NpgsqlBatch(_connection)
        {
            BatchCommands = { new NpgsqlBatchCommand("SELECT set_config('jit', 'off', true)"), command },
        };
    }

    private static async Task<NpgsqlDataReader> ExecuteAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return reader;
    }

    // $1 node, $2 interval, $3 first bar, $4 last bar, $5 the interval again as a bigint, $6 a bar's open that marks the grid, $7 how many
    // spans.
    private string SpansSql()
    {
        string bars = $"{_rows} AND mod({_timestamp} - $6, $5) = 0 AND {_timestamp} BETWEEN";
        string inSpan = $"{bars} spans.opened AND least(spans.opened + {BarsInSpan - 1} * $5, $4)";
        return $"""
            WITH RECURSIVE walk(opened, number) AS (
                SELECT {FirstBarFrom("$3")}, 1::int8
                UNION ALL SELECT {FirstBarFrom($"walk.opened + {BarsInSpan} * $5")}, walk.number + 1
                FROM walk WHERE walk.opened IS NOT NULL AND walk.number < $7),
            counted AS MATERIALIZED (
                SELECT spans.opened, spans.number, bars.n
                FROM walk spans CROSS JOIN LATERAL (SELECT count(*) AS n {inSpan}) bars WHERE spans.opened IS NOT NULL)
            SELECT opened, opened + {BarsInSpan - 1} * $5, number, opened FROM counted WHERE n = {BarsInSpan}
            UNION ALL
            SELECT ranges.first, ranges.last, spans.number, spans.opened FROM counted spans CROSS JOIN LATERAL (
                SELECT min(bar) AS first, max(bar) AS last
                FROM (
                    SELECT {_timestamp}::int8 AS bar, {_timestamp} - $5 * row_number() OVER (ORDER BY {_timestamp}) AS island {inSpan}) bars
                GROUP BY island) ranges
            WHERE spans.n < {BarsInSpan}
            ORDER BY 1
            """;

        string FirstBarFrom(string start) => $"(SELECT {_timestamp}::int8 {bars} {start} AND $4 ORDER BY {_timestamp} LIMIT 1)";
    }
}
