using Xunit.Sdk;

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// A test of a contract that several stores fulfil. It is inherited by a class a store; where that class
/// <see cref="RequiresPostgreSqlAttribute"/> and the machine has no server, it is skipped with that reason.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Qmtl.Unit.Fixtures." + nameof(StoreFactDiscoverer), "Qmtl.Unit")]
public sealed class StoreFactAttribute : FactAttribute;
