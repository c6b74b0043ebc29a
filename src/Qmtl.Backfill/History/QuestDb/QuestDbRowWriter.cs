using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>
/// Writes bars over the PostgreSQL wire, in prepared batches inside one transaction: for servers whose HTTP port is closed, and for
/// tables that ILP cannot write. QuestDB has no COPY on this wire, so it is several times slower than ILP.
/// </summary>
internal static class QuestDbRowWriter
{
    private const int RowsInBatch = 500;

    /// <summary>Writes frames of the same columns; when it returns, they are committed.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> frames, CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(table, stream);
        IReadOnlyList<PlannedColumn> columns = frames[0].Columns;
        StoredColumn[] all = [table.NodeId, table.Interval, table.Timestamp, .. columns.Select(column => column.Stored)];
        string values = string.Join(", ", all.Select((column, index) => ValueSql(column, index + 1)));
        string sql = $"INSERT INTO {SqlText.Quote(table.Table)} ({string.Join(", ", all.Select(QuestDbTypes.ColumnSql))}) VALUES ({values})";

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        int total = frames.Sum(frame => frame.Timestamps.Length);
        await using NpgsqlBatch batch = CreateBatch(connection, transaction, sql, stream, columns, Math.Min(RowsInBatch, total));
        await batch.PrepareAsync(cancellationToken);
        int filled = 0;
        foreach (PlannedFrame frame in frames)
        {
            for (int row = 0; row < frame.Timestamps.Length; row++)
            {
                NpgsqlParameterCollection parameters = batch.BatchCommands[filled++].Parameters;
                ((NpgsqlParameter<long>)parameters[2]).TypedValue = rows.ToUnits(frame.Timestamps.Span[row]);
                for (int column = 0; column < frame.Columns.Count; column++)
                {
                    Set(parameters[3 + column], frame.Columns[column].Values, row);
                }

                if (filled == batch.BatchCommands.Count)
                {
                    await batch.ExecuteNonQueryAsync(cancellationToken);
                    filled = 0;
                }
            }
        }

        if (filled > 0)
        {
            while (batch.BatchCommands.Count > filled)
            {
                batch.BatchCommands.RemoveAt(batch.BatchCommands.Count - 1);
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    // A decimal takes a double only where it is told to.
    private static string ValueSql(StoredColumn column, int number) =>
        column.Type == StoredType.Numeric ? $"${number}::{column.TypeName}" : $"${number}";

    private static NpgsqlBatch CreateBatch(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, StreamKey stream, IReadOnlyList<PlannedColumn> columns, int rows)
    {
        var batch = new NpgsqlBatch(connection, transaction);
        for (int row = 0; row < rows; row++)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.NodeId });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = stream.Interval.Number });
            command.Parameters.Add(new NpgsqlParameter<long>());
            foreach (PlannedColumn column in columns)
            {
                command.Parameters.Add(ParameterFor(column.Values));
            }

            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    private static NpgsqlParameter ParameterFor(BarColumn values) => values switch
    {
        BarColumn<double> => new NpgsqlParameter<double>(),
        BarColumn<long> => new NpgsqlParameter<long>(),
        BarColumn<bool> => new NpgsqlParameter<bool>(),
        _ => new NpgsqlParameter<string?>(),
    };

    // QuestDB's own nulls go as the values they are: NaN and the smallest long. A BOOLEAN has none.
    private static void Set(NpgsqlParameter parameter, BarColumn values, int row)
    {
        bool isNull = values.IsNull(row);
        switch (values)
        {
            case BarColumn<double> doubles:
                ((NpgsqlParameter<double>)parameter).TypedValue = isNull ? double.NaN : doubles.Values.Span[row];
                break;
            case BarColumn<long> longs:
                ((NpgsqlParameter<long>)parameter).TypedValue = isNull ? long.MinValue : longs.Values.Span[row];
                break;
            case BarColumn<bool> flags:
                ((NpgsqlParameter<bool>)parameter).TypedValue = !isNull && flags.Values.Span[row];
                break;
            case BarColumn<string?> texts:
                ((NpgsqlParameter<string?>)parameter).TypedValue = isNull ? null : texts.Values.Span[row];
                break;
        }
    }
}
