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
        ?? (Has<RequiresPostgreSqlAttribute>() ? PostgreSqlBinaries.MissingReason : null)
        ?? (Has<RequiresQuestDbAttribute>() ? QuestDbServer.MissingReason : null)
        ?? TestMethod.TestClass.Class.GetCustomAttributes(typeof(DiffersFromContractAttribute))
            .Select(difference => difference.GetConstructorArguments().Cast<string>().ToArray())
            .FirstOrDefault(difference => difference[0] == TestMethod.Method.Name)?[1];

    private bool Has<TAttribute>() => TestMethod.TestClass.Class.GetCustomAttributes(typeof(TAttribute)).Any();
}
