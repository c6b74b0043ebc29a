using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.Fetching.Http;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Offers the intervals of the exchange that the provider or fetcher on the command line asks, and otherwise those that markets use.
/// </summary>
public sealed class IntervalCompleter : IArgumentCompleter
{
    private static readonly (string Text, string Meaning)[] Intervals =
    [
        ("1m", "1 minute"), ("5m", "5 minutes"), ("15m", "15 minutes"), ("30m", "30 minutes"),
        ("1h", "1 hour"), ("4h", "4 hours"), ("1d", "1 day"), ("1w", "1 week, from Monday 00:00 UTC"),
        ("1M", "1 calendar month"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        from interval in Stored(commandName, fakeBoundParameters) ?? Of(fakeBoundParameters) ?? Intervals
        where IsBeginning(wordToComplete.Trim('\'', '"'), interval.Text)
        select new CompletionResult(interval.Text, interval.Text, CompletionResultType.ParameterValue, interval.Meaning);

    // Of nodes that are stored, a command that reads can find what is stored and nothing else.
    private static (string Text, string Meaning)[]? Stored(string command, IDictionary bound)
    {
        object? named = Plain(bound["NodeId"] ?? bound["Node"] ?? bound["LiteralNodeId"]);
        string[] ids = [.. (named as IEnumerable<object> ?? (named is string one ? [one] : [])).Select(id => $"{id}")];
        if (ids.Length == 0 || !command.StartsWith("Get-", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string[] intervals =
        [
            .. from stream in NamedStore.StreamsOf(NamedStore.Of(bound))
               where ids.Contains(stream.NodeId)
               orderby stream.Interval
               select stream.Interval.ToString(),
        ];
        return intervals.Length == 0 ? null : [.. intervals.Distinct().Select(interval => (interval, "stored"))];
    }

    private static (string Text, string Meaning)[]? Of(IDictionary bound)
    {
        IDataFetcher? fetcher = Plain(bound["Fetcher"]) as IDataFetcher
            ?? (Plain(bound["Provider"] ?? bound["HistoryProvider"]) as IHistoryProvider)?.Fetcher;
        return fetcher is HttpFetcher exchange
            ? [.. exchange.Intervals.Select(interval => (interval.ToString(), $"a bar of {exchange.Exchange}"))]
            : null;
    }

    private static object? Plain(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    // Case tells minutes from months, and nothing else.
    private static bool IsBeginning(string typed, string interval) => interval.StartsWith(
        typed, typed.Contains('m', StringComparison.OrdinalIgnoreCase) ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);
}
