using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>A table that a transaction holds, so that nobody alters it meanwhile.</summary>
/// <param name="connection">The connection.</param>
/// <param name="transaction">The transaction, with which the hold ends.</param>
/// <param name="tableSql">The table as it is named in a statement.</param>
internal sealed class HeldTable(NpgsqlConnection connection, NpgsqlTransaction transaction, string tableSql)
{
    /// <summary>
    /// Holds the table and compares its columns once more with those that were looked at before it was held; false where one of them has
    /// been altered since.
    /// </summary>
    /// <param name="columns">The columns as they were.</param>
    /// <param name="toAlter">Whether to keep everybody out; otherwise others may write, and the key has to be there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> TryTakeAsync(StoredColumn[] columns, bool toAlter, CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT count(*) FROM unnest($2, $3) AS planned(name, type)
            JOIN pg_attribute a ON a.attrelid = $1::regclass AND a.attname = planned.name AND NOT a.attisdropped
                AND format_type(a.atttypid, a.atttypmod) = planned.type
            WHERE $4 OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indnkeyatts = 3)
            """;
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand($"LOCK TABLE {(toAlter ? $"{tableSql} IN ACCESS" : $"ONLY {tableSql} IN ROW")} EXCLUSIVE MODE"),
                new NpgsqlBatchCommand(Sql)
                {
                    Parameters =
                    {
                        new NpgsqlParameter<string> { TypedValue = tableSql },
                        new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(columns, column => column.Name) },
                        new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(columns, column => column.TypeName) },
                        new NpgsqlParameter<bool> { TypedValue = toAlter },
                    },
                },
            },
        };
        return await batch.ExecuteScalarAsync(cancellationToken) is long same && same == columns.Length;
    }

    /// <summary>What depends on a column, in the server's words (<c>rule _RETURN on view closes</c>); null where nothing does.</summary>
    public async Task<string?> DescribeUserAsync(StoredColumn column, CancellationToken cancellationToken)
    {
        const string Sql = """
            SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass AND a.attname = $2
                AND d.classid::regclass::text IN ('pg_rewrite', 'pg_trigger', 'pg_attrdef', 'pg_policy', 'pg_proc')
            ORDER BY 1 LIMIT 1
            """;
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = tableSql },
                new NpgsqlParameter<string> { TypedValue = column.Name },
            },
        };
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }
}
