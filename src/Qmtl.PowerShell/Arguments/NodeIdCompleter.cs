using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Offers the node ids of the streams that the bound provider holds.</summary>
public sealed class NodeIdCompleter : IArgumentCompleter
{
    // Completion happens between two keystrokes; a store that takes longer is not asked to the end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        object? bound = fakeBoundParameters["Provider"] ?? fakeBoundParameters["HistoryProvider"];
        if ((bound is PSObject wrapped ? wrapped.BaseObject : bound) is not IHistoryProvider provider)
        {
            yield break;
        }

        string prefix = wordToComplete.Trim('\'', '"');
        foreach (IGrouping<string, StreamKey> node in StreamsOf(provider).GroupBy(stream => stream.NodeId, StringComparer.Ordinal))
        {
            if (node.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                string intervals = string.Join(", ", node.Select(stream => stream.Interval.ToString()));
                string shown = PlainText.OneLine(node.Key);
                yield return new CompletionResult(Quote(node.Key), shown, CompletionResultType.ParameterValue, $"{shown}: {intervals}");
            }
        }
    }

    private static IReadOnlyList<StreamKey> StreamsOf(IHistoryProvider provider)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return Task.Run(() => provider.GetStreamsAsync(patience.Token), patience.Token).WaitAsync(Patience).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // There is nowhere to report to between two keystrokes, and the command itself will say what is wrong.
            return [];
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
