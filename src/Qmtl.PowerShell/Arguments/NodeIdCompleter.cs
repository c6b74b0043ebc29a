using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Offers the node ids of the streams that the bound provider holds.</summary>
public sealed class NodeIdCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        // The first argument is the store's, unless a default says which.
        if (parameterName == "Node" && DefaultProvider.Current is null)
        {
            yield break;
        }

        string prefix = wordToComplete.Trim('\'', '"');
        foreach (IGrouping<string, StreamKey> node in NamedStore.StreamsOf(NamedStore.Of(fakeBoundParameters)).GroupBy(
            stream => stream.NodeId, StringComparer.Ordinal))
        {
            if (node.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                string intervals = string.Join(", ", node.Select(stream => stream.Interval.ToString()));
                string shown = PlainText.OneLine(node.Key);
                yield return new CompletionResult(Quote(node.Key), shown, CompletionResultType.ParameterValue, $"{shown}: {intervals}");
            }
        }
    }

    private static string Quote(string nodeId) => nodeId switch
    {
        _ when nodeId.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/') && !nodeId.StartsWith('-') => nodeId,
        _ when ReferenceEquals(PlainText.Escape(nodeId), nodeId) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(nodeId)}'",

        // A terminal would obey it, so it is typed as PowerShell writes such characters.
        _ => $"\"{string.Concat(nodeId.Select(c => char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"`u{{{(int)c:x}}}"))}\"",
    };
}
