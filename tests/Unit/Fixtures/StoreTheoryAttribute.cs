using Xunit.Sdk;

namespace Qmtl.Unit.Fixtures;

/// <summary>A theory of a contract that several stores fulfil; see <see cref="StoreFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Qmtl.Unit.Fixtures." + nameof(StoreTheoryDiscoverer), "Qmtl.Unit")]
public sealed class StoreTheoryAttribute : TheoryAttribute;
