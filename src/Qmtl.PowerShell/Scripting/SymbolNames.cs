using System.Collections;
using System.Collections.Concurrent;
using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Scripting;

/// <summary>What an operator says of how an exchange calls what nodes are of.</summary>
internal static class SymbolNames
{
    /// <summary>The symbol of a stream.</summary>
    /// <param name="value">A text for every stream, a dictionary by node id, or a script block that gets node id and interval.</param>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    public static Func<StreamKey, string> From(object value)
    {
        object plain = DuckTypedObject.Unwrap(value);
        switch (plain)
        {
            case string symbol when !string.IsNullOrWhiteSpace(symbol):
                return _ => symbol;
            case IDictionary map:
                IReadOnlyDictionary<string, string> symbols = TextTable.Of(map, "Symbol");
                if (symbols.FirstOrDefault(static pair => string.IsNullOrWhiteSpace(pair.Value)) is { Key: { } blank })
                {
                    throw new ArgumentException(
                        $"The symbol of '{PlainText.OneLine(blank, 60)}' is blank. Write it, or leave the node out.");
                }

                return stream => symbols.GetValueOrDefault(stream.NodeId, stream.NodeId);
            case ScriptBlock script:
                return new ScriptedSymbols(script).Of;
            default:
                throw new ArgumentException(
                    $"A symbol is a text, a dictionary such as @{{ btc = 'BTC-USDT' }}, or a script block that gets the node id. "
                        + $"This is a {DuckTypedObject.TypeName(PSObject.AsPSObject(value))}.");
        }
    }

    // A script is asked once for each stream, so that a source has one name as long as it lives.
    private sealed class ScriptedSymbols(ScriptBlock script)
    {
        private readonly ConcurrentDictionary<StreamKey, string> _known = new();

        public string Of(StreamKey stream) => _known.GetOrAdd(stream, Ask);

        private string Ask(StreamKey stream)
        {
            IReadOnlyList<object> answer;
            try
            {
                // Whoever needs a symbol needs it at once; the pipeline thread runs scripts for whoever waits.
                answer = DuckTypedObject.FetchAsync(script, [stream.NodeId, stream.Interval], CancellationToken.None)
                    .GetAwaiter().GetResult();
            }
            catch (Exception error) when (error is not PipelineStoppedException)
            {
                throw ScriptFailure.ToSourceException($"script of -Symbol for {stream}", error);
            }

            return answer is [{ } only] && LanguagePrimitives.TryConvertTo(only, out string symbol) && !string.IsNullOrWhiteSpace(symbol)
                ? symbol
                : throw new ArgumentException(
                    $"The script block of -Symbol gave {answer.Count} values for {stream}. It must give one text.");
        }
    }
}
