using Qmtl.Data;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>What a table of QuestDB is besides its columns.</summary>
/// <param name="Name">The name as the server spells it.</param>
/// <param name="IsWal">Whether writes go through the write-ahead log, so that they are acknowledged before they can be read.</param>
/// <param name="DesignatedTimestamp">The column by which the table is ordered and partitioned; null where there is none.</param>
/// <param name="UpsertKeys">The columns of which no two rows have the same values; empty where the table keeps duplicates.</param>
internal sealed record QuestDbTable(string Name, bool IsWal, string? DesignatedTimestamp, IReadOnlyList<string> UpsertKeys)
{
    private static readonly string[] KeyColumns = [ColumnNames.NodeId, ColumnNames.Interval, ColumnNames.Timestamp];

    /// <summary>Whether exactly node id, interval and timestamp are the key, so that writing a bar again replaces it.</summary>
    public bool HasKey => UpsertKeys.Count == KeyColumns.Length && MissingFromKey() is null;

    /// <summary>Whether rows are kept in the order of their bars.</summary>
    public bool IsOrderedByBar => string.Equals(DesignatedTimestamp, ColumnNames.Timestamp, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether ILP can write to the table; the server refuses it for others.</summary>
    public bool TakesIlp => IsWal && IsOrderedByBar;

    /// <summary>Refuses a table in which a bar would replace another stream's, or could not be placed.</summary>
    /// <exception cref="StoreException">The table is one of those.</exception>
    public void RequireWritable(string displayName)
    {
        if (UpsertKeys.Count > 0 && MissingFromKey() is { } missing)
        {
            throw new StoreException(
                $"The table '{Name}' in {displayName} cannot be written: its DEDUP keys ({string.Join(", ", UpsertKeys)}) lack '{missing}', so a bar would replace those of other streams. "
                + $"Run ALTER TABLE {SqlText.Quote(Name)} DEDUP ENABLE UPSERT KEYS(ts, node_id, interval), or use another table.");
        }

        if (DesignatedTimestamp is not null && !IsOrderedByBar)
        {
            throw new StoreException(
                $"The table '{Name}' in {displayName} cannot be written: its designated timestamp is '{DesignatedTimestamp}' and not '{ColumnNames.Timestamp}', so rows need a time that bars do not have. Use another table.");
        }
    }

    private string? MissingFromKey() => KeyColumns.FirstOrDefault(column => !UpsertKeys.Contains(column, StringComparer.OrdinalIgnoreCase));
}
