using Npgsql;
using NpgsqlTypes;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>The trail of revisions in a table of QuestDB's.</summary>
/// <remarks>
/// QuestDB commits table by table. So an entry is written first, as planned; then the bars; then the entry once more, as made. Where a
/// process dies in between, an entry stays planned, and what is stored tells whether its change was made: only then is it told. The next
/// revision of the same bars settles it for good, as made or as withdrawn.
/// </remarks>
internal static class QuestDbRevisions
{
    /// <summary>The state of an entry whose change may not have been made.</summary>
    public const int Planned = 0;

    /// <summary>The state of an entry whose change was made.</summary>
    public const int Made = 1;

    private const int Withdrawn = 2;
    private const int RowsInBatch = 500;

    private static readonly string Table = SqlText.Quote(RelationalSession.RevisionsTable);

    public static string CreateSql { get; } =
        $"CREATE TABLE IF NOT EXISTS {Table} (bar_at TIMESTAMP, node_id SYMBOL, interval INT, bar_ts LONG, revised_at LONG, "
            + "column_name VARCHAR, old_value VARCHAR, new_value VARCHAR, source SYMBOL, state INT) TIMESTAMP(bar_at) PARTITION BY YEAR "
            + "WAL DEDUP UPSERT KEYS(bar_at, node_id, interval, bar_ts, revised_at, column_name)";

    /// <summary>Entries behind one of them, in order; one whose change was not made is not to be told.</summary>
    public static async Task<IReadOnlyList<RevisionRow>> ReadAsync(
        NpgsqlConnection connection,
        StreamKey stream,
        TimeRange within,
        RevisionRow? after,
        int most,
        Func<RevisionRow, CancellationToken, Task<bool>> isMade,
        CancellationToken cancellationToken)
    {
        string behind = after is null
            ? string.Empty
            : " AND (bar_ts > $3 OR revised_at > $5 OR (revised_at = $5 AND column_name > $6))";
        List<(RevisionRow Row, int State)> found = await ListAsync(
            connection,
            stream,
            after is { } last ? new TimeRange(last.Timestamp, within.End) : within,
            $"state <> {Withdrawn}{behind} ORDER BY bar_ts, revised_at, column_name LIMIT {most}",
            after,
            cancellationToken);
        var rows = new List<RevisionRow>(found.Count);
        foreach ((RevisionRow row, int state) in found)
        {
            rows.Add(row with { IsTold = state == Made || await isMade(row, cancellationToken) });
        }

        return rows;
    }

    /// <summary>Settles planned entries of the bars in a range: as made where what is stored says so, and as withdrawn otherwise.</summary>
    public static async Task SettleAsync(
        NpgsqlConnection connection,
        StreamKey stream,
        TimeRange within,
        Func<RevisionRow, CancellationToken, Task<bool>> isMade,
        CancellationToken cancellationToken)
    {
        foreach ((RevisionRow row, _) in await ListAsync(
            connection, stream, within, $"state = {Planned}", after: null, cancellationToken))
        {
            int state = await isMade(row, cancellationToken) ? Made : Withdrawn;
            await WriteAsync(connection, stream, [row], state, cancellationToken);
        }
    }

    /// <summary>Writes entries, or their state anew, in one transaction.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection,
        StreamKey stream,
        IReadOnlyList<RevisionRow> rows,
        int state,
        CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (RevisionRow[] chunk in rows.Chunk(RowsInBatch))
        {
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach (RevisionRow row in chunk)
            {
                batch.BatchCommands.Add(InsertOf(stream, row, state));
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<List<(RevisionRow Row, int State)>> ListAsync(
        NpgsqlConnection connection,
        StreamKey stream,
        TimeRange within,
        string where,
        RevisionRow? after,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT {RevisionRow.Columns}, state FROM {Table} WHERE node_id = $1 AND interval = $2 AND bar_ts >= $3 AND bar_ts <= $4 AND "
                + where,
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = stream.Interval.Number },
                new NpgsqlParameter<long> { TypedValue = within.Start },
                new NpgsqlParameter<long> { TypedValue = within.End },
            },
        };
        if (after is { } last)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last.RevisedAt });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = last.Column });
        }

        return await command.ListAsync(static row => (RevisionRow.Of(row), row.GetInt32(6)), cancellationToken);
    }

    private static NpgsqlBatchCommand InsertOf(StreamKey stream, RevisionRow row, int state) =>
        new(
            $"INSERT INTO {Table} (bar_at, node_id, interval, {RevisionRow.Columns}, state) "
                + "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        {
            Parameters =
            {
                new NpgsqlParameter<long>
                {
                    TypedValue = Math.Clamp(row.Timestamp, QuestDbLimits.EarliestBar, QuestDbLimits.LatestBar) * 1_000_000,
                },
                new NpgsqlParameter<string> { TypedValue = stream.NodeId },
                new NpgsqlParameter<int> { TypedValue = stream.Interval.Number },
                new NpgsqlParameter<long> { TypedValue = row.Timestamp },
                new NpgsqlParameter<long> { TypedValue = row.RevisedAt },
                new NpgsqlParameter<string> { TypedValue = row.Column },
                TextOrNull(row.Was),
                TextOrNull(row.Is),
                new NpgsqlParameter<string> { TypedValue = row.Source },
                new NpgsqlParameter<int> { TypedValue = state },
            },
        };

    private static NpgsqlParameter TextOrNull(string? text) =>
        new() { Value = text ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar };
}
