using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Offers the ids of the upstreams of the node that is bound.</summary>
public sealed class UpstreamCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        object? bound = fakeBoundParameters["InputObject"];
        if ((bound is PSObject wrapped ? wrapped.BaseObject : bound) is not Node node)
        {
            return [];
        }

        string prefix = wordToComplete.Trim('\'', '"');
        return
            from input in node.Inputs.DefaultIfEmpty(node)
            where input.NodeId.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            select new CompletionResult(
                $"'{CodeGeneration.EscapeSingleQuotedStringContent(input.NodeId)}'",
                input.Name,
                CompletionResultType.ParameterValue,
                input.Key.ToString());
    }
}
