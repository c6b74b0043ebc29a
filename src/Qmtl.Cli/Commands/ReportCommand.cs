using System.CommandLine;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Reporting;
using Spectre.Console;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl report</c>: one page of what a store holds.</summary>
internal sealed class ReportCommand : CliCommand
{
    private static readonly CoveragePageOptions Defaults = new();

    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;

    private readonly Option<string> _out = new("--out")
    {
        Description = "The page's file, for example report.html. One that is there is replaced.",
        HelpName = "file",
        Required = true,
    };

    private readonly Option<string?> _title = new("--title") { Description = "The page's title.", HelpName = "text" };

    private readonly Option<int> _candles = new("--candles")
    {
        Description = $"How many candles a stream has at most, each of as many bars as it takes; 0 for none, which reads no bars. "
            + $"Default: {Defaults.Candles}.",
        HelpName = "count",
        DefaultValueFactory = _ => Defaults.Candles,
    };

    public ReportCommand(CliHost host)
        : base("report", "Writes one HTML page of what a store holds, which needs no network: timelines, gaps, candles.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(this, host, startDefault: "each stream's first stored bar", endDefault: "the last bar that has closed");
        Options.Add(_out);
        Options.Add(_title);
        Options.Add(_candles);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl report --store bars.db --out report.html",
        "qmtl report --store bars.db --node BTCUSDT --start 2024-01-01 --candles 1000 --out btc.html",
        "qmtl report --store postgresql://reader@db.example:5432/market --candles 0 --out /var/www/history.html",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        string path = arguments.GetRequiredValue(_out);
        await using var provider = new StoreHistoryProvider(_store.OpenExisting(arguments));
        IReadOnlyList<StreamKey> streams = await _streams.RequireAsync(arguments, provider.Store, cancellationToken);
        CoveragePageResult report;
        try
        {
            (DateTimeOffset? start, DateTimeOffset? end) = _range.Ends(arguments);
            report = await CoveragePage.WriteAsync(
                provider,
                streams,
                path,
                new CoveragePageOptions
                {
                    Title = arguments.GetValue(_title),
                    Start = start,
                    End = end,
                    Last = _range.Span(arguments),
                    Candles = arguments.GetValue(_candles),
                    TimeProvider = Host.TimeProvider,
                },
                cancellationToken);
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }

        Host.Console.WriteLine(
            $"{path}: {Amounts.Count(report.Streams, "stream")}, {Amounts.Count(report.Bars, "bar")}; "
                + $"{Amounts.Count(report.MissingBars)} missing in {Amounts.Count(report.Gaps, "gap")}, "
                + $"{Amounts.Count(report.BarsBehind)} not there yet.");
        return ExitCode.Complete;
    }
}
