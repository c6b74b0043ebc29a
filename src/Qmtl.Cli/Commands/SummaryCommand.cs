using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl summary</c>: every stream of a store at a glance.</summary>
internal sealed class SummaryCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly Option<bool> _json;

    public SummaryCommand(CliHost host)
        : base("summary", "Shows a line a stream: first and last bar, how many are there and missing, how fresh it is, its size.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _json = JsonOption.AddTo(this, "a stream");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl summary --store bars.db",
        "qmtl summary --store bars.db --json | jq 'select(.missing > 0) | .node_id'",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await using IHistoryStore store = _store.OpenExisting(arguments);
        IReadOnlyList<StreamKey>? streams = _streams.AreNamed(arguments)
            ? await _streams.FindAsync(arguments, store, makes: false, cancellationToken)
            : null;
        IReadOnlyList<HistorySummary> summaries = await store.SummarizeAsync(streams, cancellationToken: cancellationToken);
        DateTimeOffset now = Host.TimeProvider.GetUtcNow();
        if (arguments.GetValue(_json))
        {
            var lines = new JsonLines(Host.Output);
            foreach (HistorySummary summary in summaries)
            {
                await lines.WriteSummaryAsync(summary, now, cancellationToken);
            }

            return ExitCode.Complete;
        }

        if (summaries.Count == 0)
        {
            Host.Console.Profile.Out.Writer.WriteLine(PlainText.OneLine($"No such stream is in {store.Info.DisplayName}."));
            return ExitCode.Complete;
        }

        ReportTable table = new ReportTable(Host).WithTexts("Node", "Interval", "First", "Last")
            .WithNumbers("Bars", "Missing", "Empty", "Complete", "Behind", "Bytes");
        foreach (HistorySummary summary in summaries)
        {
            table.AddRow(
                summary.Stream.NodeId,
                summary.Stream.Interval.ToString(),
                UnixTime.Format(summary.Bounds.Start),
                UnixTime.Format(summary.Bounds.End),
                Amounts.Count(summary.Bars),
                Amounts.Count(summary.Missing),
                Amounts.Count(summary.Empty),
                string.Create(CultureInfo.InvariantCulture, $"{summary.Percent:0.00} %"),
                Amounts.Count(summary.CountBehind(now)),
                summary.Bytes is { } bytes ? Amounts.Count(bytes) : "");
        }

        table.Write();
        return ExitCode.Complete;
    }
}
