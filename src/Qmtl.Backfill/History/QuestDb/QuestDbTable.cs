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

    /// <summary>Why the server refuses ILP for the table, for people; null where it does not.</summary>
    public string? IlpProblem => IsWal ? null : $"The table '{Name}' has no write-ahead log, and ILP writes only tables that have one";

    private string EnableSql => $"ALTER TABLE {SqlText.Quote(Name)} DEDUP ENABLE UPSERT KEYS(ts, node_id, interval)";

    /// <summary>Refuses a table in which a bar would replace another stream's, or could not be placed.</summary>
    /// <exception cref="StoreException">The table is one of those.</exception>
    public void RequireWritable(string displayName)
    {
        if (UpsertKeys.Count > 0 && MissingFromKey() is { } missing)
        {
            throw new StoreException(
                $"The table '{Name}' in {displayName} cannot be written: its DEDUP keys ({string.Join(", ", UpsertKeys)}) lack "
                    + $"'{missing}', so a bar would replace those of other streams. Run {EnableSql}, or use another table.");
        }

        if (DesignatedTimestamp is not null && !IsOrderedByBar)
        {
            throw new StoreException(
                $"The table '{Name}' in {displayName} cannot be written: its designated timestamp is '{DesignatedTimestamp}' and not "
                    + $"'{ColumnNames.Timestamp}', so rows need a time that bars do not have. Use another table.");
        }
    }

    /// <summary>What cannot be promised of a table without its key, and the way out; null where it has it.</summary>
    /// <remarks>QuestDB has no lock that processes share, so what two of them look for and then write at once, both write.</remarks>
    public string? DescribeRisk(string displayName)
    {
        if (HasKey)
        {
            return null;
        }

        string wayOut = (IsOrderedByBar, IsWal) switch
        {
            (true, true) => $"run {EnableSql}",
            (true, false) => $"run ALTER TABLE {SqlText.Quote(Name)} SET TYPE WAL, restart the server, and run {EnableSql}",
            _ => "use a table that Qmtl makes",
        };
        return $"The table '{Name}' in {displayName} does not have exactly ts, node_id and interval as DEDUP keys: a bar that is stored "
            + $"stays as it is when it comes again, "
            + $"and two programs that write at the same time can store a bar twice, which reading counts once. Let only one write at a "
            + $"time, or {wayOut}.";
    }

    private string? MissingFromKey() => KeyColumns.FirstOrDefault(column => !UpsertKeys.Contains(column, StringComparer.OrdinalIgnoreCase));
}
