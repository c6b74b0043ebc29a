namespace Qmtl.Unit.Fixtures;

/// <summary>The tests that share the private PostgreSQL server: <c>[Collection(PostgreSqlCollection.Name)]</c>.</summary>
[CollectionDefinition(Name)]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit calls it a collection.")]
public sealed class PostgreSqlCollection : ICollectionFixture<PostgreSqlServer>
{
    public const string Name = "PostgreSQL";
}
