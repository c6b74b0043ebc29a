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
internal sealed record SentBars(
    QuestDbHttp Http, QuestDbTable Table, TableSchema Schema, StreamKey Stream, IReadOnlyList<PlannedFrame> Frames)
{
    /// <summary>Sends the bars; when it returns, the server has acknowledged them.</summary>
    /// <exception cref="StoreException">The server refused them or cannot be reached.</exception>
    public async Task SendAsync(CancellationToken cancellationToken)
    {
        using var content = new IlpContent(Http.CreateEncoder(Table.Name, Schema, Stream), Frames);
        await Http.WriteAsync(content, cancellationToken);
    }

    /// <summary>
    /// Whether the table has as many bars in their place, and in every column something: a count in one or two partitions and, mostly, one
    /// bar. Each takes a millisecond or two.
    /// </summary>
    public async Task<bool> IsStoredAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(Schema, Stream);
        var range = new TimeRange(Frames[0].Timestamps.Span[0], Frames[^1].Timestamps.Span[^1]);
        if ((await CountAsync("count()", rows.BetweenSql(range)))[0] < Frames.Sum(frame => (long)frame.Timestamps.Length))
        {
            return false;
        }

        // A request goes into the columns that the server knew when it began: into one that was dropped meanwhile, every value or none.
        (string Sql, long Bar)[] witnesses = [.. FindWitnesses()];
        if (witnesses.Length == 0)
        {
            return true;
        }

        IEnumerable<string> bars = witnesses.Select(witness => rows.BetweenSql(new TimeRange(witness.Bar, witness.Bar))).Distinct();
        long[] counts = await CountAsync(string.Join(", ", witnesses.Select(witness => witness.Sql)), $"({string.Join(" OR ", bars)})");
        return counts.All(count => count > 0);

        async Task<long[]> CountAsync(string counts, string where)
        {
            await using var command = new NpgsqlCommand($"SELECT {counts} {rows.FromSql} AND {where}", connection);
            rows.AddParameters(command.Parameters);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return [.. Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? 0 : reader.GetInt64(column))];
        }
    }

    // For each column a bar that has a value there, and how the server counts such values. Columns that keep something else than what
    // is sent, such as a FLOAT, are left out: what they make of a value need not be one.
    private IEnumerable<(string Sql, long Bar)> FindWitnesses()
    {
        for (int index = 0; index < Frames[0].Columns.Count; index++)
        {
            StoredColumn column = Frames[0].Columns[index].Stored;
            string name = QuestDbTypes.ColumnSql(column);
            string? sql = column switch
            {
                { Type: StoredType.Double or StoredType.Int64 } or { Type: StoredType.Text, TypeName: QuestDbTypes.Text } =>
                    $"count({name})",
                { Type: StoredType.Boolean } => $"sum(CASE WHEN {name} THEN 1 ELSE 0 END)",
                _ => null,
            };
            if (sql is not null && FindValue(index) is { } bar)
            {
                yield return (sql, bar);
            }
        }
    }

    private long? FindValue(int column)
    {
        foreach (PlannedFrame frame in Frames)
        {
            BarColumn values = frame.Columns[column].Values;
            for (int row = 0; row < frame.Timestamps.Length; row++)
            {
                if (!values.IsNull(row) && values switch
                {
                    BarColumn<double> doubles => !double.IsNaN(doubles.Values.Span[row]),
                    BarColumn<bool> flags => flags.Values.Span[row],
                    BarColumn<string?> texts => texts.Values.Span[row]!.Length > 0,
                    _ => true,
                })
                {
                    return frame.Timestamps.Span[row];
                }
            }
        }

        return null;
    }
}
