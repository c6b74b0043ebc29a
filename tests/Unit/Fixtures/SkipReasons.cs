using System.Collections.Concurrent;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("Qmtl.Unit.Fixtures.SkipReasons", "Qmtl.Unit")]

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// The tests' framework as xunit brings it, which at the end says once why tests were skipped, and how many for each reason.
/// </summary>
/// <remarks>
/// The reasons go where diagnostic messages go, which <c>dotnet test</c> shows by xunit.runner.json; what xunit itself would say there
/// goes nowhere.
/// </remarks>
public sealed class SkipReasons(IMessageSink diagnostics) : XunitTestFramework(new Nobody())
{
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink, diagnostics);

    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider sources, IMessageSink nobody, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assembly, sources, nobody)
    {
        protected override void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions) =>
            base.RunTestCases(testCases, new Listener(executionMessageSink, diagnostics), executionOptions);
    }

    private sealed class Nobody : LongLivedMarshalByRefObject, IMessageSink
    {
        public bool OnMessage(IMessageSinkMessage message) => true;
    }

    private sealed class Listener(IMessageSink inner, IMessageSink diagnostics) : LongLivedMarshalByRefObject, IMessageSink
    {
        private readonly ConcurrentDictionary<string, int> _reasons = new(StringComparer.Ordinal);

        public bool OnMessage(IMessageSinkMessage message)
        {
            if (message is ITestSkipped skipped)
            {
                _reasons.AddOrUpdate(skipped.Reason, 1, static (_, count) => count + 1);
            }
            else if (message is ITestAssemblyFinished)
            {
                foreach ((string reason, int count) in _reasons.OrderByDescending(reason => reason.Value))
                {
                    diagnostics.OnMessage(new DiagnosticMessage($"Skipped {count}: {reason}"));
                }
            }

            return inner.OnMessage(message);
        }
    }
}
