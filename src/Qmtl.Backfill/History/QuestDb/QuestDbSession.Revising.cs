using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

internal sealed partial class QuestDbSession
{
    private IReadOnlyList<RevisionRow> _trail = [];

    public override string CreateRevisionsSql() => QuestDbRevisions.CreateSql;

    /// <inheritdoc/>
    /// <remarks>
    /// QuestDB knows no DELETE. A row whose node id is null is of no stream: nobody who asks for one sees it, and a bar written anew is
    /// another row. The server keeps its room until the partition is dropped.
    /// </remarks>
    public override async Task DeleteBarsAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(table, stream);
        string node = QuestDbTypes.ColumnSql(table.NodeId);
        await using var command = new NpgsqlCommand(
            $"UPDATE {SqlText.Quote(table.Table)} SET {node} = null WHERE {node} = $1 AND {QuestDbTypes.ColumnSql(table.Interval)} = $2 "
                + $"AND {rows.BetweenSql(within)}",
            connection)
        {
            CommandTimeout = 0,
        };
        rows.AddParameters(command.Parameters);
        _mayHaveKept = true;
        await command.ExecuteNonQueryAsync(cancellationToken);
        _unread.Add(_tables[table.Table].Name);
        await ReadableAsync(cancellationToken);
    }

    public override void RequireReplaceable(TableSchema table)
    {
        if (_tables[table.Table].DescribeRisk(displayName) is { } risk)
        {
            throw new StoreException($"Stored bars that differ cannot be replaced there, and nothing was written. {risk}");
        }

        // A row is replaced as a whole, and what was read of such a column as text need not be what was there.
        if (table.Payload.FirstOrDefault(static column => column.Type == StoredType.Other) is { } other)
        {
            throw new StoreException(
                $"Stored bars that differ cannot be replaced there, and nothing was written. The table '{table.Table}' in "
                    + $"{displayName} has a "
                    + $"column '{other.Name}' of a type that is not written here, whose values would be lost: QuestDB replaces a row "
                    + "as a whole. Use a table without such columns.");
        }
    }

    public override Task SettleRevisionsAsync(
        TableSchema table, StreamKey stream, TimeRange within, CancellationToken cancellationToken) =>
        QuestDbRevisions.SettleAsync(connection, stream, within, IsMadeIn(table, stream), cancellationToken);

    public override async Task AddRevisionsAsync(
        StreamKey stream, IReadOnlyList<RevisionRow> rows, CancellationToken cancellationToken)
    {
        await QuestDbRevisions.WriteAsync(connection, stream, rows, QuestDbRevisions.Planned, cancellationToken);
        _trail = rows;
        _unread.Add(RevisionsTable);
    }

    public override Task<IReadOnlyList<RevisionRow>> ReadRevisionsAsync(
        TableSchema? table, StreamKey stream, TimeRange within, RevisionRow? after, int most, CancellationToken cancellationToken) =>
        QuestDbRevisions.ReadAsync(connection, stream, within, after, most, IsMadeIn(table, stream), cancellationToken);

    private async Task ConfirmRevisionsAsync(CancellationToken cancellationToken)
    {
        if (_trail.Count > 0)
        {
            await QuestDbRevisions.WriteAsync(connection, _stream, _trail, QuestDbRevisions.Made, cancellationToken);
            _trail = [];
            _unread.Add(RevisionsTable);
            await ReadableAsync(cancellationToken);
        }
    }

    // Whether the bar is stored now as the entry says that it is.
    private Func<RevisionRow, CancellationToken, Task<bool>> IsMadeIn(TableSchema? table, StreamKey stream) => async (row, token) =>
    {
        if (table is null)
        {
            return false;
        }

        await using BarReader reader = OpenReader(table, stream, new TimeRange(row.Timestamp, row.Timestamp));
        return await reader.ReadFrameAsync(token) is { } frame
            && (row.Column.Length == 0 || frame.FindColumn(row.Column)?.GetText(0) == row.Is);
    };
}
