using System.ComponentModel;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Qmtl.Unit.Fixtures;

/// <summary>A test that is skipped where its class needs a server that the machine does not have.</summary>
public sealed class StoreTestCase : XunitTestCase
{
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For the runner, which makes the case anew from what it was saved as.")]
    public StoreTestCase()
    {
    }

    public StoreTestCase(IMessageSink messages, ITestFrameworkDiscoveryOptions options, ITestMethod method, object[]? arguments = null)
        : base(messages, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method, arguments)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        base.GetSkipReason(factAttribute)
        ?? (TestMethod.TestClass.Class.GetCustomAttributes(typeof(RequiresPostgreSqlAttribute)).Any() ? PostgreSqlBinaries.MissingReason : null);
}
