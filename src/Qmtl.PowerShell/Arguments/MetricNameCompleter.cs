using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Qmtl.PowerShell.Monitoring;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Offers the names of all metrics.</summary>
public sealed class MetricNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        from family in ModuleMetrics.Collector.Collect()
        where family.Name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase)
        select new CompletionResult(family.Name, family.Name, CompletionResultType.ParameterValue, family.Help);
}
