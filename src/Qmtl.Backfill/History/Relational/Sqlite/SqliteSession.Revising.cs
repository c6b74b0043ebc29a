using Qmtl.Data;

namespace Qmtl.History.Relational.Sqlite;

internal sealed partial class SqliteSession
{
    public override Task AddRevisionsAsync(StreamKey stream, IReadOnlyList<RevisionRow> rows, CancellationToken cancellationToken)
    {
        using var insert = new SqliteStatement(
            _connection,
            $"INSERT INTO {RevisionsTable} (node_id, \"interval\", {RevisionRow.Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
                + "ON CONFLICT DO UPDATE SET new_value = excluded.new_value");
        insert.Bind(1, stream.NodeId);
        insert.Bind(2, stream.Interval.Number);
        foreach (RevisionRow row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            insert.Bind(3, row.Timestamp);
            insert.Bind(4, row.RevisedAt);
            insert.Bind(5, row.Column);
            insert.Bind(6, row.Was);
            insert.Bind(7, row.Is);
            insert.Bind(8, row.Source);
            _ = insert.Step();
            insert.Reset();
        }

        return Task.CompletedTask;
    }
}
