using System.CommandLine;
using System.Net;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Cluster.Silo;
using Qmtl.Cluster.Silo.Keeping;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Messages;
using Qmtl.Metrics.Serving;
using Spectre.Console;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl keep</c>: keeps what a declaration names complete, until it is told to stop.</summary>
internal sealed class KeepCommand : CliCommand
{
    private readonly Option<string> _config = new("--config")
    {
        Description = "The file that declares what is kept: streams, sources, stores, limits (JSON; docs/keep.md).",
        HelpName = "path",
        Required = true,
    };

    private readonly Option<bool> _once = new("--once")
    {
        Description = "Complete everything once and end, for cron. The exit code is that of qmtl backfill.",
    };

    private readonly Option<bool> _check = new("--check")
    {
        Description = "Check the declaration and show what would be done. No source is asked, and no store made.",
    };

    private readonly Option<bool> _json;
    private readonly MemberOptions _member;
    private readonly MetricsOptions _metrics;

    public KeepCommand(CliHost host)
        : base("keep", "Keeps histories complete until it is stopped: each new bar when it has closed, and what is missing behind.", host)
    {
        Options.Add(_config);
        Options.Add(_once);
        Options.Add(_check);
        _json = JsonOption.AddTo(this, "a visit that changed something or failed, as soon as it is done");
        _member = new MemberOptions(
            this,
            host,
            "Keep it together with others that are given the same declaration, each stream on one machine at a time:",
            isNeeded: false);
        _metrics = new MetricsOptions(this);
        Validators.Add(result =>
        {
            if (result.GetValue(_once) && result.GetValue(_check))
            {
                result.AddError("--once and --check exclude each other. Leave one of them out.");
            }
        });
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl keep --config keep.json --check",
        "qmtl keep --config keep.json        (until Ctrl-C or SIGTERM; SIGHUP reads the file again)",
        "qmtl keep --config keep.json --once",
        "qmtl keep --config keep.json --cluster postgresql://qmtl@db.example/cluster        (on each of several machines)",
        "qmtl keep --config keep.json --metrics-port 9464 --log-level information --log-format json",
    ];

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken) =>
        KeepService.EndInTimeAsync(
            Task.Run(() => KeepAsync(arguments, cancellationToken), CancellationToken.None), Host, cancellationToken);

    private async Task<int> KeepAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        string path = arguments.GetRequiredValue(_config);
        bool isShared = _member.Find(arguments) is not null;
        KeepDeclaration declaration = Read(path, Host);
        bool json = arguments.GetValue(_json);
        if (arguments.GetValue(_check))
        {
            return await CheckAsync(declaration, json, cancellationToken);
        }

        var outcomes = new KeepOutcomeQueue();
        var lines = new JsonLines(Host.Output);
        if (isShared && arguments.GetValue(_once))
        {
            throw new UsageException("--once is of one machine. Leave out --cluster, or see qmtl backfill --cluster.");
        }

        KeepDeclaration own = isShared ? declaration with { Streams = [] } : declaration;
        await using HistoryKeeper keeper = Open(
            () => new HistoryKeeper(own, Host.TimeProvider, outcomes.Add, loggerFactory: Host.Log));
        var server = new MetricsServerOptions
        {
            Port = declaration.MetricsPort ?? MetricsServerOptions.DefaultPort,
            Address = declaration.MetricsAddress ?? IPAddress.Loopback,
            Live = keeper.WhyNotLive,
            Ready = keeper.WhyNotReady,
        };
        await using MetricsRun measured = _metrics.Start(arguments, Host, server, serves: declaration.MetricsPort is not null);
        var share = new KeptShare(declaration, some => Take(keeper, some), Host.TimeProvider);
        await using KeptParts parts = Open(() => isShared ? KeptParts.Of(declaration) : KeptParts.None);
        await using ClusterMemberHost? member = await _member.StartAsync(arguments, parts.Parts, share, cancellationToken);
        Action<KeepDeclaration> reload = member is null ? keeper.Reload : share.Reload;
        int code = ExitCode.Complete;
        await outcomes.WriteWhileAsync(
            async stop => code = arguments.GetValue(_once)
                ? await RunOnceAsync(keeper, declaration, json, stop)
                : await RunAsync(keeper, reload, path, stop),
            outcome => json ? lines.WriteResultAsync(outcome.Result, CancellationToken.None) : Task.CompletedTask,
            cancellationToken);
        return code;
    }

    /// <summary>Reads a declaration that an operator named.</summary>
    /// <exception cref="UsageException">It cannot be read, or something of it is wrong.</exception>
    internal static KeepDeclaration Read(string path, CliHost host) => Open(() => KeepDeclaration.Read(path, host.TimeProvider));

    private static T Open<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(PlainMessage.Of(error), error);
        }
    }

    // A new file that is wrong changes nothing.
    private void Reload(Action<KeepDeclaration> reload, string path)
    {
        try
        {
            reload(KeepDeclaration.Read(path, Host.TimeProvider));
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            Host.WriteDiagnostic("error", $"The declaration stays as it was. {PlainMessage.Of(error)}");
        }
    }

    // What this member is given of the declaration by and by: nobody else would hear of what is wrong with it.
    private void Take(HistoryKeeper keeper, KeepDeclaration share)
    {
        try
        {
            keeper.Reload(share);
        }
        catch (Exception error) when (error is ArgumentException or IOException)
        {
            Host.WriteDiagnostic("error", $"Not all streams that live here are kept. {PlainMessage.Of(error)}");
            throw;
        }
    }

    private async Task<int> RunAsync(HistoryKeeper keeper, Action<KeepDeclaration> reload, string path, CancellationToken cancellationToken)
    {
        Host.WriteDiagnostic("note", "Kept until it is stopped, with Ctrl-C or SIGTERM.");
        await KeepService.RunAsync(keeper, () => Reload(reload, path), Host, cancellationToken);
        return ExitCode.Complete;
    }

    private async Task<int> RunOnceAsync(
        HistoryKeeper keeper, KeepDeclaration declaration, bool json, CancellationToken cancellationToken)
    {
        DateTimeOffset started = Host.TimeProvider.GetUtcNow();
        IReadOnlyList<KeepOutcome> outcomes = await keeper.RunOnceAsync(cancellationToken);
        if (!json)
        {
            BackfillReport.Write(Host, [.. outcomes.Select(outcome => outcome.Result)]);
        }

        int code = ExitCode.Complete;
        foreach (var part in outcomes.GroupBy(outcome => (outcome.Kept.Source, outcome.Kept.Store)))
        {
            (IDataFetcher fetcher, IHistoryStore store) = keeper.PartsOf(part.First().Kept);
            var verdict = new BackfillVerdict(Host, store, fetcher, declaration.Options, started);
            code = Math.Max(code, await verdict.GiveAsync([.. part.Select(outcome => outcome.Result)], cancellationToken));
        }

        return code;
    }

    private async Task<int> CheckAsync(KeepDeclaration declaration, bool json, CancellationToken cancellationToken)
    {
        IReadOnlyList<KeepPlan> plans;
        try
        {
            plans = await KeepPlan.FindAsync(declaration, Host.TimeProvider, cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(PlainMessage.Of(error), error);
        }

        if (json)
        {
            var lines = new JsonLines(Host.Output);
            foreach (KeepPlan plan in plans)
            {
                await lines.WritePlanAsync(plan, cancellationToken);
            }

            return ExitCode.Complete;
        }

        ReportTable table = new ReportTable(Host)
            .WithTexts("Node", "Interval", "Source", "Store", "Start")
            .WithNumbers("Missing", "Requests", "Out of reach");
        foreach (KeepPlan plan in plans)
        {
            table.AddRow(
                plan.Kept.Stream.NodeId,
                plan.Kept.Stream.Interval.ToString(),
                plan.Kept.Source.Name,
                plan.Kept.Store.Name,
                Time.UnixTime.Format(plan.Kept.FirstBar),
                Amounts.Count(plan.Missing),
                Amounts.Count(plan.Requests),
                Amounts.Count(plan.OutOfReach));
        }

        table.Write();
        string bars = Amounts.Count(plans.Sum(plan => plan.Missing), "bar");
        string requests = Amounts.Count(plans.Sum(plan => plan.Requests), "request");
        Host.Console.WriteLine($"{Amounts.Count(plans.Count, "stream")}: {bars} would be asked for in {requests}.");
        return ExitCode.Complete;
    }
}
