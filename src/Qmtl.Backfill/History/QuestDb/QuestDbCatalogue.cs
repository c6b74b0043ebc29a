using Npgsql;
using Qmtl.Data;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>A table that was found, and its columns.</summary>
/// <param name="AskedFor">The name as it was asked for; case does not count in QuestDB.</param>
/// <param name="Table">The table.</param>
/// <param name="Columns">Its columns, by the names that they stand for.</param>
internal sealed record QuestDbTableFound(string AskedFor, QuestDbTable Table, IReadOnlyList<StoredColumn> Columns);

/// <summary>Asks QuestDB what tables there are and what they are like. Nothing is guessed from a name.</summary>
internal static class QuestDbCatalogue
{
    /// <summary>Those of <paramref name="names"/> that exist.</summary>
    public static async Task<IReadOnlyList<QuestDbTableFound>> FindAsync(NpgsqlConnection connection, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        Dictionary<string, (string Name, bool IsWal)> existing = await ListAsync(connection, names, cancellationToken);
        var found = new List<QuestDbTableFound>();
        foreach (string name in names)
        {
            if (existing.TryGetValue(name, out (string Name, bool IsWal) table) && await DescribeAsync(connection, name, table.Name, table.IsWal, cancellationToken) is { } description)
            {
                found.Add(description);
            }
        }

        return found;
    }

    private static async Task<Dictionary<string, (string Name, bool IsWal)>> ListAsync(NpgsqlConnection connection, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var existing = new Dictionary<string, (string Name, bool IsWal)>(StringComparer.OrdinalIgnoreCase);
        if (names.Count == 0)
        {
            return existing;
        }

        string list = string.Join(", ", names.Select(name => QuestDbSql.Literal(name.ToLowerInvariant())));
        await using var command = new NpgsqlCommand($"SELECT table_name, \"walEnabled\" FROM tables() WHERE lower(table_name) IN ({list})", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            existing[reader.GetString(0)] = (reader.GetString(0), reader.GetBoolean(1));
        }

        return existing;
    }

    private static async Task<QuestDbTableFound?> DescribeAsync(NpgsqlConnection connection, string askedFor, string name, bool isWal, CancellationToken cancellationToken)
    {
        var columns = new List<StoredColumn>();
        var keys = new List<string>();
        string? designated = null;
        try
        {
            await using var command = new NpgsqlCommand($"SELECT \"column\", \"type\", designated, \"upsertKey\" FROM table_columns({QuestDbSql.Literal(name)})", connection);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                string column = QuestDbNames.Unescape(reader.GetString(0));
                string type = reader.GetString(1);
                bool isTimestamp = string.Equals(column, ColumnNames.Timestamp, StringComparison.OrdinalIgnoreCase);
                columns.Add(new StoredColumn(column, isTimestamp ? QuestDbTypes.OfTimestamp(type) : QuestDbTypes.Of(type), type));
                if (reader.GetBoolean(2))
                {
                    designated = column;
                }

                if (reader.GetBoolean(3))
                {
                    keys.Add(column);
                }
            }
        }
        catch (PostgresException error) when (error.MessageText.Contains("does not exist", StringComparison.OrdinalIgnoreCase))
        {
            // Dropped since it was listed.
            return null;
        }

        return new QuestDbTableFound(askedFor, new QuestDbTable(name, isWal, designated, keys), columns);
    }
}
