namespace Qmtl.Unit.Fixtures;

/// <summary>Names a test of the contract that does not hold for the class's store, and why; the test is skipped with that reason.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class DiffersFromContractAttribute(string test, string reason) : Attribute
{
    /// <summary>The test's method.</summary>
    public string Test => test;

    /// <summary>Why, and which test of the class's own says what holds instead.</summary>
    public string Reason => reason;
}
