using System.CommandLine;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Cluster;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Quality;
using Qmtl.Telemetry.Logging;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl backfill</c>: completes a store from a source.</summary>
internal sealed class BackfillCommand : CliCommand
{
    private static readonly BackfillOptions Defaults = new();

    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly RangeOptions _range;
    private readonly SourceOptions _source;
    private readonly ClusterOptions _cluster;
    private readonly MetricsOptions _metrics;
    private readonly Option<int?> _throttleLimit = new("--throttle-limit")
    {
        Description = $"The most requests that run at once, over all nodes, from 1 to 256. Default: {Defaults.ThrottleLimit}.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(1, 256),
    };

    private readonly Option<int?> _maxRetries = new("--max-retries")
    {
        Description = $"How often a request is tried again after a failure that can pass, from 0 to 100. Default: {Defaults.MaxRetries}.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(0, 100),
    };

    private readonly Option<bool> _retryEmpty = new("--retry-empty")
    {
        Description = "Ask again for bars that the source is known not to have.",
    };

    private readonly Option<OffGridRows?> _offGrid = new("--off-grid")
    {
        Description =
            "What becomes of a row that opens off the interval's grid: refuse leaves its bar missing, floor takes it where it is alone in "
                + "its bar. Default: refuse.",
        HelpName = "refuse|floor",
        CustomParser = OptionParsing.Using<OffGridRows?>(static text => text.ToUpperInvariant() switch
        {
            "REFUSE" => OffGridRows.Refuse,
            "FLOOR" => OffGridRows.Floor,
            _ => throw new FormatException($"'{text}' is neither refuse nor floor."),
        }),
    };

    private readonly Option<bool> _force = new("--force")
    {
        Description = "Ask for stored bars again, too, and replace those that differ; qmtl revisions shows which.",
    };

    private readonly Option<BadBars?> _onBadBar = new("--on-bad-bar")
    {
        Description =
            "What becomes of a bar that contradicts itself (a high below the low, an open or close outside, a price of 0 or less, a "
                + "negative volume): warn stores and counts it, store says nothing, refuse fails its range. Default: warn.",
        HelpName = "warn|store|refuse",
        CustomParser = OptionParsing.Using<BadBars?>(static text =>
            Enum.TryParse(text, ignoreCase: true, out BadBars bad) && Enum.IsDefined(bad) && !char.IsDigit(text[0])
                ? bad
                : throw new FormatException($"'{text}' is neither warn, store nor refuse.")),
    };

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "List the bars that would be asked for, and ask for none. A store is not made.",
    };

    private readonly Option<bool> _json;

    public BackfillCommand(CliHost host)
        : base("backfill", "Fetches the bars that are missing, only those, and stores each once. Run it as often as you like.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _range = new RangeOptions(
            this,
            host,
            startDefault: "the first stored bar, or the first one in --file",
            endDefault: "the last bar that has closed, or the last one in --file");
        _source = new SourceOptions(this);
        Options.Add(_throttleLimit);
        Options.Add(_maxRetries);
        Options.Add(_retryEmpty);
        Options.Add(_force);
        Options.Add(_offGrid);
        Options.Add(_onBadBar);
        Options.Add(_dryRun);
        _cluster = new ClusterOptions(
            this,
            host,
            "Have the members of a cluster do it, each with its own access to --store and --source (qmtl join).",
            isNeeded: false);
        _json = JsonOption.AddTo(this, "a node, as soon as it is done");
        _metrics = new MetricsOptions(this);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl backfill --store bars.db --node BTCUSDT --node ETHUSDT --interval 1m --start 2024-01-01",
        "qmtl backfill --store bars.db        (all that it holds, up to now, for cron)",
        "qmtl backfill --store bars.db --node BTCUSDT --interval 1m --interval 1h --days 30",
        "qmtl backfill --store bars.db --node XRPETH --interval 1m --file XRPETH-1m.csv",
        "qmtl backfill --store bars.db --node XBTUSD --interval 1h --file XBTUSD_60.csv.gz --header ts,open,high,low,close,volume,trades",
        "qmtl backfill --store bars.db --node BTCUSDT --interval 1m --metrics-file /var/lib/prometheus/node-exporter/qmtl.prom",
        "qmtl backfill --store postgresql://writer@db.example/market --node BTCUSDT --interval 1h --start 2020-01-01 --json",
        "qmtl backfill --cluster postgresql://qmtl@db.example/cluster --store postgresql://writer@db.example/market",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        _ = _range.Given(arguments);
        IDataFetcher fetcher = _source.CreateFetcher(arguments);
        DateTimeOffset now = Host.TimeProvider.GetUtcNow();
        await using MetricsRun measured = _metrics.Start(arguments, Host);
        await using IHistoryStore store = _store.Open(arguments);
        IReadOnlyList<StreamKey> streams = await _streams.FindAsync(arguments, store, makes: true, cancellationToken);

        // Every range is known to be good before the first bar is asked for.
        var requests = new List<BackfillRequest>();
        foreach (StreamKey stream in streams)
        {
            TimeRange? extent = await fetcher.FindExtentAsync(stream, cancellationToken);
            requests.Add(
                new BackfillRequest(
                    store, fetcher, stream, [await _range.ResolveAsync(arguments, stream, store, now, extent, cancellationToken)]));
        }

        var options = new BackfillOptions
        {
            ThrottleLimit = arguments.GetValue(_throttleLimit) ?? Defaults.ThrottleLimit,
            MaxRetries = arguments.GetValue(_maxRetries) ?? Defaults.MaxRetries,
            RetryEmpty = arguments.GetValue(_retryEmpty),
            Force = arguments.GetValue(_force),
            OffGrid = arguments.GetValue(_offGrid) ?? Defaults.OffGrid,
            OnBadBar = arguments.GetValue(_onBadBar) ?? Defaults.OnBadBar,
        };
        bool json = arguments.GetValue(_json);
        if (arguments.GetValue(_dryRun))
        {
            await TellAsync(requests, options, json, cancellationToken);
            return ExitCode.Complete;
        }

        await using ClusterClient? cluster = await _cluster.ConnectAsync(arguments, cancellationToken);
        var run = new BackfillRun(Host, options) { IsLive = !json && Host.IsLive, Cluster = cluster };
        var lines = new JsonLines(Host.Output);
        IReadOnlyList<BackfillResult> results = await run.RunAsync(
            requests, result => json ? lines.WriteResultAsync(result, CancellationToken.None) : Task.CompletedTask, cancellationToken);
        if (!json && fetcher.Reading is { } reading)
        {
            Host.Console.Profile.Out.Writer.WriteLine(PlainText.OneLine($"{fetcher}: times are {reading.TimestampFormat}."));
        }

        SourceLog.Read(Host.Log.CreateLogger(fetcher.GetType()), fetcher);
        if (!json)
        {
            BackfillReport.Write(Host, results);
        }

        return await new BackfillVerdict(Host, store, fetcher, options, now).GiveAsync(results, cancellationToken);
    }

    private async Task TellAsync(
        List<BackfillRequest> requests, BackfillOptions options, bool json, CancellationToken cancellationToken)
    {
        var gaps = new List<(StreamKey Stream, TimeRangeSet Missing)>();
        foreach (BackfillRequest request in requests)
        {
            // What the engine asks for: with --force all, and otherwise what is neither stored nor known to be empty.
            var provider = new StoreHistoryProvider(request.Store, request.Fetcher);
            gaps.Add((request.Stream, options.Force
                ? new TimeRangeSet(request.Stream.Interval, request.Ranges)
                : await GapFinder.FindAsync(
                    provider,
                    request.Stream,
                    request.Ranges[0],
                    request.Fetcher.GetName(request.Stream),
                    options.RetryEmpty,
                    cancellationToken)));
        }

        await GapReport.WriteAsync(Host, gaps, json, "would be asked for", cancellationToken);
    }
}
