using System.Text;
using Qmtl.Data;

namespace Qmtl.History.Relational;

public abstract partial class RelationalHistoryStore
{
    // The schema is brought up to date before the first row is touched: a lock on a table for a change of its columns, asked
    // for by a transaction that already holds rows, is how two writers would end up waiting for each other.
    private async Task<(TableSchema? Table, bool HasEmptyRanges)> PrepareTablesAsync(
        RelationalSession session,
        StreamKey stream,
        IReadOnlyList<BarPage> pages,
        BarFrame[] frames,
        bool hasTrail,
        CancellationToken cancellationToken)
    {
        const int Attempts = 5;
        string name = Naming.TableOf(stream.NodeId);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            string[] trail = hasTrail ? [RelationalSession.RevisionsTable] : [];
            IReadOnlyList<FoundTable> found = await session.FindTablesAsync(
                [name, RelationalSession.EmptyRangesTable, .. trail], cancellationToken);

            bool hasEmptyRanges = found.Any(candidate => candidate.Name == RelationalSession.EmptyRangesTable);

            // A page without bars says nothing of the table; what it says of emptiness is held against the bars that are stored.
            TableSchema? table = frames.Length > 0 || hasTrail ? SchemaOf(found, name) : null;
            (List<string> statements, IReadOnlyList<(string Name, StoredType Type)> missing, (StoredColumn Column, string Sql)[] widened) =
                FindChanges(session, name, table, hasEmptyRanges, pages, frames);
            if (hasTrail && found.All(candidate => candidate.Name != RelationalSession.RevisionsTable))
            {
                statements.Add(session.CreateRevisionsSql());
            }

            if (statements.Count + widened.Length == 0)
            {
                return (table, hasEmptyRanges);
            }

            StoredColumn[] wider = Array.ConvertAll(widened, widening => widening.Column);
            if (table is not null)
            {
                // Not every database takes a change of the schema back, so what cannot be written is found out before it.
                TableSchema changed = table.WithDoubles(wider);
                _ = Array.ConvertAll(frames, frame => WritePlan.Fit(changed, frame, DisplayName));
            }

            long started = _timeProvider.GetTimestamp();
            var change = new SchemaChange(DisplayName, table, statements, widened);
            if (await session.TryChangeSchemaAsync(change, cancellationToken) && frames.Length > 0)
            {
                _written.Made(stream, name, isNew: table is null, missing.Select(column => column.Name));
                _written.Widened(stream, name, wider, _timeProvider.GetElapsedTime(started));
            }
        }

        throw new StoreException($"Another program keeps changing the table '{name}' in {DisplayName}. Try again.") { IsTransient = true };
    }

    // All tables in one change of the schema. In the order of their names, so that two who do it at once do not wait for each other.
    private async Task MakeTablesAsync(IReadOnlyList<StreamWrite> writes, List<int> places, CancellationToken cancellationToken)
    {
        IGrouping<string, StreamWrite>[] tables =
        [
            .. places.Select(at => writes[at])
                .GroupBy(write => Naming.TableOf(write.Stream.NodeId), StringComparer.Ordinal)
                .OrderBy(table => table.Key, StringComparer.Ordinal),
        ];
        await ChangeAsync(
            writes[places[0]].Stream,
            async session =>
            {
                await session.BeginAsync(writes[places[0]].Stream, cancellationToken);
                HashSet<string> found =
                [
                    .. (await session.FindTablesAsync(
                        [.. tables.Select(table => table.Key), RelationalSession.EmptyRangesTable], cancellationToken))
                    .Select(table => table.Name),
                ];
                var made = new List<(StreamKey Stream, string Table, IReadOnlyList<(string Name, StoredType Type)> Columns)>();
                var statements = new List<string>();
                foreach (IGrouping<string, StreamWrite> table in tables)
                {
                    BarFrame[] frames = [.. table.SelectMany(write => FramesOf(write.Pages))];
                    if (frames.Length > 0 && !found.Contains(table.Key))
                    {
                        made.Add((table.First().Stream, table.Key, WritePlan.MissingColumns(null, frames)));
                        statements.Add(session.CreateTableSql(table.Key, made[^1].Columns));
                    }
                }

                if (!found.Contains(RelationalSession.EmptyRangesTable)
                    && tables.Any(table => table.Any(write => write.Pages.Any(page => !page.Empty.IsEmpty))))
                {
                    statements.Add(session.CreateEmptyRangesSql());
                }

                bool isMade = statements.Count > 0
                    && await session.TryChangeSchemaAsync(new SchemaChange(DisplayName, null, statements, []), cancellationToken);
                await session.CommitAsync(cancellationToken);
                foreach ((StreamKey stream, string table, IReadOnlyList<(string Name, StoredType Type)> columns) in isMade ? made : [])
                {
                    _written.Made(stream, table, isNew: true, columns.Select(column => column.Name));
                }

                return isMade;
            },
            cancellationToken);
    }

    // What the schema lacks for pages of a stream: the statements, the columns that they make, and those that become wider.
    private (List<string> Statements, IReadOnlyList<(string Name, StoredType Type)> Missing, (StoredColumn Column, string Sql)[] Widened)
        FindChanges(
            RelationalSession session,
            string name,
            TableSchema? table,
            bool hasEmptyRanges,
            IReadOnlyList<BarPage> pages,
            BarFrame[] frames)
    {
        var statements = new List<string>();
        IReadOnlyList<(string Name, StoredType Type)> missing = [];
        if (frames.Length > 0)
        {
            missing = WritePlan.MissingColumns(table, frames);
            RequireNamesThatFit(missing.Select(column => column.Name));
            statements.AddRange(table is null
                ? [session.CreateTableSql(name, missing)]
                : missing.Select(column => session.AddColumnSql(name, column.Name, column.Type)));
        }

        // Columns of whole numbers that have to take fractions, where the database can turn them into doubles. Others are left, and
        // refused with the rest of what does not fit.
        (StoredColumn Column, string Sql)[] widened = table is null ? [] :
        [
            .. WritePlan.ColumnsToWiden(table, frames)
                .Select(column => (column, Sql: session.WidenColumnSql(table, column)!))
                .Where(widening => widening.Sql is not null),
        ];
        if (!hasEmptyRanges && pages.Any(page => !page.Empty.IsEmpty))
        {
            statements.Add(session.CreateEmptyRangesSql());
        }

        return (statements, missing, widened);
    }

    private void RequireNamesThatFit(IEnumerable<string> columns)
    {
        if (columns.FirstOrDefault(column => Encoding.UTF8.GetByteCount(column) > Naming.MaximumBytes) is { } tooLong)
        {
            throw new StoreException(
                $"The column name '{tooLong}' is longer than the {Naming.MaximumBytes} bytes that {DisplayName} keeps of a name. Rename "
                    + $"the column at the source.");
        }
    }
}
