namespace Qmtl.History.Relational;

/// <summary>A column of a table, as it is in the database.</summary>
/// <param name="Name">The name as the database spells it.</param>
/// <param name="Type">What it can keep.</param>
/// <param name="TypeName">The type in the database's own words, for messages and casts.</param>
internal sealed record StoredColumn(string Name, StoredType Type, string TypeName);
