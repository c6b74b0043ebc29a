using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl revisions</c>: which stored bars a repair or a forced backfill has changed.</summary>
internal sealed class RevisionsCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly Option<bool> _json;

    public RevisionsCommand(CliHost host)
        : base("revisions", "Lists what compare --repair and backfill --force have changed: what was, what is, when, from where.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "the first bar", endDefault: "the last bar");
        _json = JsonOption.AddTo(this, "a change");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl revisions --store bars.db --node BTCUSDT --interval 1m",
        "qmtl revisions --store bars.db --node BTCUSDT --interval 1m --start 2024-01-01 --json",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        _ = _range.Given(arguments);
        await using IHistoryStore store = _store.OpenExisting(arguments);
        ReportTable table = new ReportTable(Host) { MostRows = 50 }
            .WithTexts("Node", "Interval", "Bar", "Column", "Was", "Is", "Changed", "Source");
        var lines = new JsonLines(Host.Output);
        foreach (StreamKey stream in await _streams.RequireAsync(arguments, store, cancellationToken))
        {
            TimeRange range = _range.Within(arguments, stream.Interval);
            await foreach (BarRevision revision in store.ReadRevisionsAsync(stream, range, cancellationToken))
            {
                if (arguments.GetValue(_json))
                {
                    await lines.WriteRevisionAsync(stream, revision, cancellationToken);
                    continue;
                }

                table.AddRow(
                    stream.NodeId,
                    stream.Interval.ToString(),
                    UnixTime.Format(revision.Timestamp),
                    revision.Column ?? "(added)",
                    revision.Was ?? "",
                    revision.Is ?? "",
                    UnixTime.Format(revision.RevisedAt.ToUnixTimeSeconds()),
                    revision.Source);
            }
        }

        if (table.RowCount > 0)
        {
            table.Write();
        }
        else if (!arguments.GetValue(_json))
        {
            Host.Console.WriteLine("Nothing was ever changed there.");
        }

        if (table.Rest is { } rest)
        {
            Host.Console.WriteLine(rest);
        }

        return ExitCode.Complete;
    }
}
