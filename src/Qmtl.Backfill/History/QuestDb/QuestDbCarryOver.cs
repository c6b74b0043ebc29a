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
        NpgsqlConnection connection,
        TableSchema table,
        StreamKey stream,
        IReadOnlyList<PlannedFrame> run,
        CancellationToken cancellationToken)
    {
        // Columns of types that are only read as text stay out: what QuestDB makes of the text need not be what was there.
        StoredColumn[] lacking = [.. table.Payload.Where(
            column => column.Type != StoredType.Other && run[0].Columns.All(given => given.Stored != column))];
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

        return stored.Count == 0 ? run : [.. run.Select(frame => frame with { Columns = [.. frame.Columns, .. CarriedOver(frame)] })];

        IEnumerable<PlannedColumn> CarriedOver(PlannedFrame frame) =>
            Align(stored, frame.Timestamps.Span).Zip(lacking, (values, column) => new PlannedColumn(column, values));
    }

    /// <summary>The values of stored bars at the given opens; null where none is stored.</summary>
    internal static BarColumn[] Align(IReadOnlyList<BarFrame> stored, ReadOnlySpan<long> timestamps)
    {
        ColumnBuilder[] columns = [.. stored[0].Columns.Select(column => ColumnBuilder.Create(column.Name, column.Type))];
        int at = 0;
        int row = 0;
        foreach (long timestamp in timestamps)
        {
            while (at < stored.Count && stored[at].Timestamps[row] < timestamp)
            {
                (at, row) = row + 1 < stored[at].Count ? (at, row + 1) : (at + 1, 0);
            }

            bool isStored = at < stored.Count && stored[at].Timestamps[row] == timestamp;
            for (int column = 0; column < columns.Length; column++)
            {
                if (isStored)
                {
                    columns[column].Add(stored[at].Columns[column], row);
                }
                else
                {
                    columns[column].AddNull();
                }
            }
        }

        return Array.ConvertAll(columns, column => column.Build());
    }
}
