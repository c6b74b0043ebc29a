using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.Time;

namespace Qmtl.History.QuestDb;

/// <summary>
/// Completes bars that are about to replace stored ones. QuestDB replaces a row as a whole, so a column that a page does not
/// bring would lose its value; what is stored there is read first and written again.
/// </summary>
internal static class QuestDbCarryOver
{
    /// <summary>The frames with every column of the table in which a bar that they replace may have a value.</summary>
    public static async Task<IReadOnlyList<PlannedFrame>> CompleteAsync(
        NpgsqlConnection connection, TableSchema table, StreamKey stream, IReadOnlyList<PlannedFrame> run, CancellationToken cancellationToken)
    {
        // Columns of types that are only read as text stay out: what QuestDB makes of the text need not be what was there.
        StoredColumn[] lacking = [.. table.Payload.Where(column => column.Type != StoredType.Other && run[0].Columns.All(given => given.Stored != column))];
        if (lacking.Length == 0)
        {
            return run;
        }

        List<BarFrame> stored = [];
        var range = new TimeRange(run[0].Timestamps.Span[0], run[^1].Timestamps.Span[^1]);
        await using (var reader = new QuestDbBarReader(connection, table, lacking, stream, range, isOrderedByBar: true))
        {
            while (await reader.ReadFrameAsync(cancellationToken) is { } frame)
            {
                stored.Add(frame);
            }
        }

        return stored.Count == 0
            ? run
            : [.. run.Select(frame => frame with { Columns = [.. frame.Columns, .. lacking.Select((column, index) => new PlannedColumn(column, Align(stored, index, frame.Timestamps.Span)))] })];
    }

    private static BarColumn Align(List<BarFrame> stored, int column, ReadOnlySpan<long> timestamps) => stored[0].Columns[column] switch
    {
        BarColumn<double> => Align<double>(stored, column, timestamps),
        BarColumn<long> => Align<long>(stored, column, timestamps),
        BarColumn<bool> => Align<bool>(stored, column, timestamps),
        _ => Align<string?>(stored, column, timestamps),
    };

    private static BarColumn<T> Align<T>(List<BarFrame> stored, int column, ReadOnlySpan<long> timestamps)
    {
        var values = new T[timestamps.Length];
        bool[] nulls = new bool[timestamps.Length];
        Array.Fill(nulls, true);
        int row = 0;
        foreach (BarFrame frame in stored)
        {
            var from = (BarColumn<T>)frame.Columns[column];
            for (int i = 0; i < frame.Count; i++)
            {
                while (row < timestamps.Length && timestamps[row] < frame.Timestamps[i])
                {
                    row++;
                }

                if (row < timestamps.Length && timestamps[row] == frame.Timestamps[i] && !from.IsNull(i))
                {
                    values[row] = from.Values.Span[i];
                    nulls[row] = false;
                }
            }
        }

        return new BarColumn<T>(stored[0].Columns[column].Name, values, nulls);
    }
}
