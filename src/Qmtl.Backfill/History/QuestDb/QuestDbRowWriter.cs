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
    public static async Task WriteAsync(
        NpgsqlConnection connection,
        TableSchema table,
        StreamKey stream,
        IReadOnlyList<PlannedFrame> frames,
        CancellationToken cancellationToken)
    {
        var rows = new QuestDbRows(table, stream);
        IReadOnlyList<PlannedColumn> columns = frames[0].Columns;
        StoredColumn[] all = [table.NodeId, table.Interval, table.Timestamp, .. columns.Select(column => column.Stored)];
        string values = string.Join(", ", all.Select((column, index) => ValueSql(column, index + 1)));
        string sql =
            $"INSERT INTO {SqlText.Quote(table.Table)} ({string.Join(", ", all.Select(QuestDbTypes.ColumnSql))}) VALUES ({values})";

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        int total = frames.Sum(frame => frame.Timestamps.Length);
        await using NpgsqlBatch batch = CreateBatch(connection, transaction, sql, stream, columns, Math.Min(RowsInBatch, total));
        await batch.PrepareAsync(cancellationToken);
        int filled = 0;
        foreach (PlannedFrame frame in frames)
        {
            ColumnParameters[] payload = [.. frame.Columns.Select(column => ColumnParameters.Of(column.Values))];
            for (int row = 0; row < frame.Timestamps.Length; row++)
            {
                NpgsqlParameterCollection parameters = batch.BatchCommands[filled++].Parameters;
                ((NpgsqlParameter<long>)parameters[2]).TypedValue = rows.ToUnits(frame.Timestamps.Span[row]);
                for (int column = 0; column < payload.Length; column++)
                {
                    payload[column].Set(parameters[3 + column], row);
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

    private static NpgsqlBatch CreateBatch(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        string sql,
        StreamKey stream,
        IReadOnlyList<PlannedColumn> columns,
        int rows)
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
                command.Parameters.Add(ColumnParameters.Of(column.Values).Create());
            }

            batch.BatchCommands.Add(command);
        }

        return batch;
    }

    /// <summary>The parameters of one column.</summary>
    private abstract class ColumnParameters
    {
        public static ColumnParameters Of(BarColumn values) => ColumnType.Of(values.Type).Accept(new Maker(values));

        public abstract NpgsqlParameter Create();

        public abstract void Set(NpgsqlParameter parameter, int row);

        private sealed class Maker(BarColumn values) : IColumnTypeVisitor<ColumnParameters>
        {
            public ColumnParameters Visit<T>(ColumnType<T> type) => new Typed<T>((BarColumn<T>)values);
        }

        private sealed class Typed<T>(BarColumn<T> values) : ColumnParameters
        {
            public override NpgsqlParameter Create() => new NpgsqlParameter<T>();

            public override void Set(NpgsqlParameter parameter, int row) =>
                ((NpgsqlParameter<T>)parameter).TypedValue = values.IsNull(row) ? QuestDbTypes.NullOf<T>() : values.Values.Span[row];
        }
    }
}
