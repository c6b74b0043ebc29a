using System.Diagnostics.CodeAnalysis;
using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>The columns of a table of bars, whoever made it.</summary>
internal sealed class TableSchema
{
    private TableSchema(
        string table, StoredColumn nodeId, StoredColumn interval, StoredColumn timestamp, IReadOnlyList<StoredColumn> payload, bool hasKey)
    {
        Table = table;
        NodeId = nodeId;
        Interval = interval;
        Timestamp = timestamp;
        Payload = payload;
        HasKey = hasKey;
    }

    /// <summary>The table's name, not quoted.</summary>
    public string Table { get; }

    public StoredColumn NodeId { get; }

    public StoredColumn Interval { get; }

    public StoredColumn Timestamp { get; }

    /// <summary>All other columns, in the table's order.</summary>
    public IReadOnlyList<StoredColumn> Payload { get; }

    /// <summary>
    /// Whether a unique key of exactly node id, interval and timestamp is in place, so that no bar can be there twice and a
    /// stream's bars can be reached in order. Tables of other programs may lack it.
    /// </summary>
    public bool HasKey { get; }

    /// <summary>The payload columns for a SELECT: each quoted, with a comma before it.</summary>
    public string PayloadSql => field ??= string.Concat(Payload.Select(column => $", {SqlText.Quote(column.Name)}"));

    /// <summary>The key's columns, quoted.</summary>
    public string KeySql =>
        field ??= $"{SqlText.Quote(NodeId.Name)}, {SqlText.Quote(Interval.Name)}, {SqlText.Quote(Timestamp.Name)}";

    /// <summary>
    /// The columns that a bar was last written to, whether it was only added, and the statement that did it, for a database that needs one
    /// for each table: the next bar is nearly always alike.
    /// </summary>
    public Tuple<StoredColumn[], bool, string>? LastInsert { get; set; }

    /// <summary>The same table with some of its payload columns as doubles.</summary>
    public TableSchema WithDoubles(IReadOnlyCollection<StoredColumn> columns) =>
        new(
            Table,
            NodeId,
            Interval,
            Timestamp,
            [.. Payload.Select(column => columns.Contains(column) ? column with { Type = StoredType.Double } : column)],
            HasKey);

    /// <summary>Sorts the columns of a table into key and payload; false where it cannot be one of bars, and then why.</summary>
    public static bool TryCreate(
        string table,
        IReadOnlyList<StoredColumn> columns,
        bool hasKey,
        [NotNullWhen(true)] out TableSchema? schema,
        [NotNullWhen(false)] out string? problem)
    {
        schema = null;
        StoredColumn? nodeId = Find(columns, ColumnNames.NodeId);
        StoredColumn? interval = Find(columns, ColumnNames.Interval);
        StoredColumn? timestamp = Find(columns, ColumnNames.Timestamp);
        if (nodeId is null || interval is null || timestamp is null)
        {
            string missing = nodeId is null ? ColumnNames.NodeId : interval is null ? ColumnNames.Interval : ColumnNames.Timestamp;
            problem = $"it has no column '{missing}', so it is not a table of bars. Name another table";
            return false;
        }

        problem = WrongType(nodeId, "text", StoredType.Text)
            ?? WrongType(interval, "whole seconds", StoredType.Int16, StoredType.Int32, StoredType.Int64)
            ?? WrongType(timestamp, "whole seconds since 1970 in UTC", StoredType.Int16, StoredType.Int32, StoredType.Int64);
        if (problem is not null)
        {
            return false;
        }

        StoredColumn[] payload = [.. columns
            .Where(column => column != nodeId && column != interval && column != timestamp)
            .DistinctBy(column => column.Name, StringComparer.OrdinalIgnoreCase)];
        schema = new TableSchema(table, nodeId, interval, timestamp, payload, hasKey);
        return true;
    }

    /// <summary>The payload column of that name: spelled the same where there is one, otherwise whatever its case.</summary>
    public StoredColumn? FindPayload(string name) => Find(Payload, name);

    private static StoredColumn? Find(IReadOnlyList<StoredColumn> columns, string name)
    {
        StoredColumn? other = null;
        for (int i = 0; i < columns.Count; i++)
        {
            if (string.Equals(columns[i].Name, name, StringComparison.Ordinal))
            {
                return columns[i];
            }

            other ??= string.Equals(columns[i].Name, name, StringComparison.OrdinalIgnoreCase) ? columns[i] : null;
        }

        return other;
    }

    private static string? WrongType(StoredColumn column, string holds, params ReadOnlySpan<StoredType> allowed) =>
        allowed.Contains(column.Type) || column.Type == StoredType.Any
            ? null
            : $"its column '{column.Name}' is of type {column.TypeName} where a table of bars holds {holds}. Change the column's type, or "
                + $"name another table";
}

/// <summary>A table as the database's catalogue describes it.</summary>
/// <param name="Name">The table's name, as it was asked for.</param>
/// <param name="Columns">Its columns, in order.</param>
/// <param name="HasKey">Whether exactly node id, interval and timestamp are a unique key.</param>
internal sealed record FoundTable(string Name, IReadOnlyList<StoredColumn> Columns, bool HasKey)
{
    // One reference, as several sessions may ask at once: a value of two would be seen half written.
    private Tuple<TableSchema?, string?>? _schema;

    /// <summary>The table as one of bars; false where it cannot be one, and then why.</summary>
    public bool TryGetSchema([NotNullWhen(true)] out TableSchema? schema, [NotNullWhen(false)] out string? problem)
    {
        if (_schema is not var (known, reason))
        {
            _ = TableSchema.TryCreate(Name, Columns, HasKey, out known, out reason);
            _schema = Tuple.Create(known, reason);
        }

        (schema, problem) = (known, reason);
        return schema is not null;
    }
}
