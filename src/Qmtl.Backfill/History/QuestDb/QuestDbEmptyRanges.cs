using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>The known-empty ranges in a table of QuestDB's, which knows no DELETE: a range is removed by marking its row.</summary>
/// <remarks>
/// The rows are keyed by stream, source and start, and DEDUP keeps the last that was written of each. The designated timestamp is
/// part of the key too, as QuestDB demands: it is the start again, moved into the years that QuestDB takes there.
/// </remarks>
internal static class QuestDbEmptyRanges
{
    private const int RowsInBatch = 500;

    private static readonly string Table = SqlText.Quote(RelationalSession.EmptyRangesTable);

    public static string CreateSql { get; } =
        $"CREATE TABLE IF NOT EXISTS {Table} (start_at TIMESTAMP, node_id SYMBOL, interval INT, source SYMBOL, start_ts LONG, end_ts LONG, "
            + $"learnt_at LONG, removed BOOLEAN) "
        + "TIMESTAMP(start_at) PARTITION BY YEAR WAL DEDUP UPSERT KEYS(start_at, node_id, interval, source, start_ts)";

    /// <summary>The ranges that share a bar with <paramref name="within"/>, by source, then start.</summary>
    public static async Task<IReadOnlyList<EmptyRange>> ReadAsync(
        NpgsqlConnection connection, StreamKey stream, string? source, TimeRange within, CancellationToken cancellationToken)
    {
        string ofSource = source is null ? string.Empty : " AND source = $5";
        string sql =
            $"SELECT source, start_ts, end_ts, learnt_at FROM {Table} WHERE node_id = $1 AND interval = $2 AND start_ts <= $3 AND end_ts "
                + $">= $4 AND end_ts >= start_ts AND NOT removed{ofSource}";
        await using var command = new NpgsqlCommand(sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = stream.Interval.Number },
                new NpgsqlParameter<long> { TypedValue = within.End },
                new NpgsqlParameter<long> { TypedValue = within.Start },
            },
        };
        if (source is not null)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = source });
        }

        List<EmptyRange> ranges = await command.ListAsync(EmptyRange.Of, cancellationToken);
        return [.. ranges.OrderBy(range => range.Source, StringComparer.Ordinal).ThenBy(range => range.Start)];
    }

    /// <summary>Writes what changes, in one transaction.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection, StreamKey stream, EmptyRangeUpdate update, CancellationToken cancellationToken)
    {
        // A row that is cut off at its end has the key of what is left of it, and is replaced by that.
        HashSet<(string, long)> replaced = [.. update.Added.Select(range => (range.Source, range.Start))];
        (EmptyRange Range, bool Removed)[] rows =
        [
            .. update.Removed.Where(range => !replaced.Contains((range.Source, range.Start))).Select(range => (range, true)),
            .. update.Added.Select(range => (range, false)),
        ];
        if (rows.Length == 0)
        {
            return;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach ((EmptyRange Range, bool Removed)[] chunk in rows.Chunk(RowsInBatch))
        {
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach ((EmptyRange range, bool removed) in chunk)
            {
                batch.BatchCommands.Add(InsertOf(stream, range, removed));
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand InsertOf(StreamKey stream, EmptyRange range, bool removed) =>
        new(
            $"INSERT INTO {Table} (start_at, node_id, interval, source, start_ts, end_ts, learnt_at, removed) VALUES ($1, $2, $3, $4, $5, "
                + $"$6, $7, $8)")
        {
            Parameters =
            {
                new NpgsqlParameter<long>
                {
                    TypedValue = Math.Clamp(range.Start, QuestDbLimits.EarliestBar, QuestDbLimits.LatestBar) * 1_000_000,
                },
                new NpgsqlParameter<string> { TypedValue = stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = stream.Interval.Number },
                new NpgsqlParameter<string> { TypedValue = range.Source },
                new NpgsqlParameter<long> { TypedValue = range.Start },
                new NpgsqlParameter<long> { TypedValue = range.End },
                new NpgsqlParameter<long> { TypedValue = range.LearntAt },
                new NpgsqlParameter<bool> { TypedValue = removed },
            },
        };
}
