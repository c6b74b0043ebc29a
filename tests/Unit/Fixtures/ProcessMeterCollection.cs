namespace Qmtl.Unit.Fixtures;

/// <summary>
/// The tests that fill the meter of the whole process beyond its limits: <c>[Collection(ProcessMeterCollection.Name)]</c>. They run
/// when all others have ended, which would otherwise find no room for what they measure.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "xunit calls it a collection.")]
public static class ProcessMeterCollection
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Process meter";
}
