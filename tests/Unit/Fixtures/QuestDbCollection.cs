namespace Qmtl.Unit.Fixtures;

/// <summary>The tests that share the QuestDB of the tests, one after the other: <c>[Collection(QuestDbCollection.Name)]</c>.</summary>
[CollectionDefinition(Name)]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit calls it a collection.")]
public sealed class QuestDbCollection : ICollectionFixture<QuestDbServer>
{
    public const string Name = "QuestDB";
}
