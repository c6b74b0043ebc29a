using Npgsql;
using Qmtl.Data;
using Qmtl.History.QuestDb.Ilp;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>Bars that go over HTTP in one request, and the question whether they arrived.</summary>
/// <param name="Http">The server.</param>
/// <param name="Table">The table.</param>
/// <param name="Schema">Its columns.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Frames">Frames of the same columns, each later than the one before.</param>
internal sealed record SentBars(QuestDbHttp Http, QuestDbTable Table, TableSchema Schema, StreamKey Stream, IReadOnlyList<PlannedFrame> Frames)
{
    /// <summary>Sends the bars; when it returns, the server has acknowledged them.</summary>
    /// <exception cref="StoreException">The server refused them or cannot be reached.</exception>
    public async Task SendAsync(CancellationToken cancellationToken)
    {
        using var content = new IlpContent(Http.CreateEncoder(Table.Name, Schema, Stream), Frames);
        await Http.WriteAsync(content, cancellationToken);
    }

    /// <summary>Whether the table has as many bars in their place; a count in one or two partitions, which takes a millisecond or two.</summary>
    public async Task<bool> IsStoredAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(Schema, Stream);
        var range = new TimeRange(Frames[0].Timestamps.Span[0], Frames[^1].Timestamps.Span[^1]);
        await using var command = new NpgsqlCommand($"SELECT count() {rows.FromSql} AND {rows.BetweenSql(range)}", connection);
        rows.AddParameters(command.Parameters);
        return await command.ExecuteScalarAsync(cancellationToken) is long count && count >= Frames.Sum(frame => (long)frame.Timestamps.Length);
    }
}
