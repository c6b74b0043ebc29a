using Xunit.Abstractions;
using Xunit.Sdk;

namespace Qmtl.Unit.Fixtures;

/// <summary>Finds the theories marked with <see cref="StoreTheoryAttribute"/>.</summary>
public sealed class StoreTheoryDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        [new StoreTestCase(DiagnosticMessageSink, discoveryOptions, testMethod, dataRow)];
}
