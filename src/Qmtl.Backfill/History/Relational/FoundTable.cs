namespace Qmtl.History.Relational;

/// <summary>A table as the database's catalogue describes it.</summary>
/// <param name="Name">The table's name, as it was asked for.</param>
/// <param name="Columns">Its columns, in order.</param>
/// <param name="HasKey">Whether exactly node id, interval and timestamp are a unique key.</param>
internal sealed record FoundTable(string Name, IReadOnlyList<StoredColumn> Columns, bool HasKey);
