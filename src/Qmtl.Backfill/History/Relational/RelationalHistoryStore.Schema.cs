using System.Text;
using Qmtl.Data;

namespace Qmtl.History.Relational;

public abstract partial class RelationalHistoryStore
{
    // The schema is brought up to date before the first row is touched: a lock on a table for a change of its columns, asked
    // for by a transaction that already holds rows, is how two writers would end up waiting for each other.
    private async Task<(TableSchema? Table, bool HasEmptyRanges)> PrepareTablesAsync(
        RelationalSession session, StreamKey stream, IReadOnlyList<BarPage> pages, BarFrame[] frames, CancellationToken cancellationToken)
    {
        const int Attempts = 5;
        string name = Naming.TableOf(stream.NodeId);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            IReadOnlyList<FoundTable> found = await session.FindTablesAsync([name, RelationalSession.EmptyRangesTable], cancellationToken);
            TableSchema? table = frames.Length > 0 ? SchemaOf(found, name) : null;
            bool hasEmptyRanges = found.Any(candidate => candidate.Name == RelationalSession.EmptyRangesTable);
            var changes = new List<string>();
            IReadOnlyList<(string Name, StoredType Type)> missing = [];
            IReadOnlyList<StoredColumn> widened = [];
            if (frames.Length > 0)
            {
                missing = WritePlan.MissingColumns(table, frames);
                RequireNamesThatFit(missing.Select(column => column.Name));
                changes.AddRange(table is null ? [session.CreateTableSql(name, missing)] : missing.Select(column => session.AddColumnSql(name, column.Name, column.Type)));
            }

            if (table is not null)
            {
                widened = await PlanWideningAsync(session, table, frames, cancellationToken);
                changes.AddRange(widened.Select(column => session.WidenColumnSql(table, column)!));
            }

            if (!hasEmptyRanges && pages.Any(page => !page.Empty.IsEmpty))
            {
                changes.Add(session.CreateEmptyRangesSql());
            }

            if (changes.Count == 0)
            {
                return (table, hasEmptyRanges);
            }

            if (table is not null)
            {
                // Not every database takes a change of the schema back, so what cannot be written is found out before it.
                TableSchema wider = table.WithDoubles(widened);
                _ = Array.ConvertAll(frames, frame => WritePlan.Fit(wider, frame, DisplayName));
            }

            if (await session.TryChangeSchemaAsync(changes, cancellationToken) && frames.Length > 0)
            {
                _written.Made(stream, name, isNew: table is null, missing.Select(column => column.Name));
                _written.Widened(stream, name, widened);
            }
        }

        throw new StoreException($"Another program keeps changing the table '{name}' in {DisplayName}. Try again.") { IsTransient = true };
    }

    // Columns of whole numbers that have to take fractions, where the database can turn them into doubles and every number in them stays
    // what it is. Others are left, and refused with the rest of what does not fit.
    private async Task<IReadOnlyList<StoredColumn>> PlanWideningAsync(
        RelationalSession session, TableSchema table, BarFrame[] frames, CancellationToken cancellationToken)
    {
        var columns = new List<StoredColumn>();
        foreach (StoredColumn column in WritePlan.ColumnsToWiden(table, frames))
        {
            if (session.WidenColumnSql(table, column) is not { } statement)
            {
                continue;
            }

            if (await session.HoldsMoreThanDoublesAsync(table, column, cancellationToken))
            {
                throw new StoreException(
                    $"Column '{column.Name}' of table '{table.Table}' in {DisplayName} is of type {column.TypeName} and would have to hold numbers with a fraction, too; "
                    + "but it has whole numbers beyond 2^53, which a double cannot keep. Nothing was written. "
                    + $"Rename the column at the source, or run {statement} if those may be rounded.");
            }

            columns.Add(column);
        }

        return columns;
    }

    private void RequireNamesThatFit(IEnumerable<string> columns)
    {
        if (columns.FirstOrDefault(column => Encoding.UTF8.GetByteCount(column) > Naming.MaximumBytes) is { } tooLong)
        {
            throw new StoreException($"The column name '{tooLong}' is longer than the {Naming.MaximumBytes} bytes that {DisplayName} keeps of a name. Rename the column at the source.");
        }
    }
}
