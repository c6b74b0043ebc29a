using System.Collections.Concurrent;
using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>A table that was found, and its columns.</summary>
/// <param name="AskedFor">The name as it was asked for; case does not count in QuestDB.</param>
/// <param name="Table">The table.</param>
/// <param name="Columns">Its columns, by the names that they stand for.</param>
internal sealed record QuestDbTableFound(string AskedFor, QuestDbTable Table, IReadOnlyList<StoredColumn> Columns);

/// <summary>Asks QuestDB what tables there are and what they are like, every time anew. Nothing is guessed from a name.</summary>
/// <remarks>
/// The columns of a table that does not exist are an error, which ends a batch; so the first question for a table is two round
/// trips, and later ones, where it is known to have existed, are one.
/// </remarks>
internal sealed class QuestDbCatalogue
{
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Those of <paramref name="names"/> that exist.</summary>
    public async Task<IReadOnlyList<QuestDbTableFound>> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        if (names.Count == 0)
        {
            return [];
        }

        string[] known = [.. names.Where(_known.ContainsKey)];
        try
        {
            return await AskAsync(connection, names, known, cancellationToken);
        }
        catch (PostgresException error) when (known.Length > 0 && IsGone(error))
        {
            foreach (string name in known)
            {
                _known.TryRemove(name, out _);
            }

            return await AskAsync(connection, names, [], cancellationToken);
        }
    }

    private static bool IsGone(PostgresException error) => error.MessageText.Contains("does not exist", StringComparison.OrdinalIgnoreCase);

    private async Task<IReadOnlyList<QuestDbTableFound>> AskAsync(
        NpgsqlConnection connection, IReadOnlyList<string> names, string[] known, CancellationToken cancellationToken)
    {
        var tables = new Dictionary<string, (string Name, bool IsWal)>(StringComparer.OrdinalIgnoreCase);
        var columns = new Dictionary<string, List<ColumnRow>>(StringComparer.OrdinalIgnoreCase);
        await using (var batch = new NpgsqlBatch(connection))
        {
            string list = string.Join(", ", names.Select(name => SqlText.Literal(name.ToLowerInvariant())));
            batch.BatchCommands.Add(
                new NpgsqlBatchCommand($"SELECT table_name, \"walEnabled\" FROM tables() WHERE lower(table_name) IN ({list})"));
            foreach (string name in known)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(ColumnsSql(name)));
            }

            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                tables[reader.GetString(0)] = (reader.GetString(0), reader.GetBoolean(1));
            }

            foreach (string name in known)
            {
                await reader.NextResultAsync(cancellationToken);
                columns[name] = await ReadColumnsAsync(reader, cancellationToken);
            }
        }

        var found = new List<QuestDbTableFound>();
        foreach (string name in names)
        {
            if (tables.TryGetValue(name, out (string Name, bool IsWal) table)
                && (columns.GetValueOrDefault(name) ?? await AskForColumnsAsync(connection, name, cancellationToken)) is { } rows)
            {
                _known[name] = true;
                found.Add(Describe(name, table.Name, table.IsWal, rows));
            }
        }

        return found;
    }

    private static string ColumnsSql(string table) =>
        $"SELECT \"column\", \"type\", designated, \"upsertKey\" FROM table_columns({SqlText.Literal(table)})";

    private static async Task<List<ColumnRow>?> AskForColumnsAsync(
        NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(ColumnsSql(table), connection);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            return await ReadColumnsAsync(reader, cancellationToken);
        }
        catch (PostgresException error) when (IsGone(error))
        {
            // Dropped since it was listed.
            return null;
        }
    }

    private static async Task<List<ColumnRow>> ReadColumnsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var rows = new List<ColumnRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(
                new ColumnRow(QuestDbNames.Unescape(reader.GetString(0)), reader.GetString(1), reader.GetBoolean(2), reader.GetBoolean(3)));
        }

        return rows;
    }

    private static QuestDbTableFound Describe(string askedFor, string name, bool isWal, List<ColumnRow> rows)
    {
        StoredColumn[] columns = [.. rows.Select(row => new StoredColumn(
            row.Name,
            string.Equals(row.Name, ColumnNames.Timestamp, StringComparison.OrdinalIgnoreCase)
                ? QuestDbTypes.OfTimestamp(row.Type)
                : QuestDbTypes.Of(row.Type),
            row.Type))];
        string[] keys = [.. rows.Where(row => row.IsKey).Select(row => row.Name)];
        return new QuestDbTableFound(askedFor, new QuestDbTable(name, isWal, rows.Find(row => row.IsDesignated)?.Name, keys), columns);
    }

    private sealed record ColumnRow(string Name, string Type, bool IsDesignated, bool IsKey);
}
