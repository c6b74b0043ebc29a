using Xunit.Abstractions;
using Xunit.Sdk;

namespace Qmtl.Unit.Fixtures;

/// <summary>Finds the tests marked with <see cref="StoreFactAttribute"/>.</summary>
public sealed class StoreFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new StoreTestCase(messages, discoveryOptions, testMethod)];
}
