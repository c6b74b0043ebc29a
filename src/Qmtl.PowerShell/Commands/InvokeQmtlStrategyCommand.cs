using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Running;
using Qmtl.Gateway.Submission;
using Qmtl.Gateway.Watching;
using Qmtl.Messages;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Telemetry.Progress;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Runs a strategy: warms its streams up, replays their history through its nodes, and emits what they compute.</summary>
[Cmdlet(
    VerbsLifecycle.Invoke,
    "QmtlStrategy",
    DefaultParameterSetName = OfflineSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(StrategyResult), typeof(Job), ParameterSetName = [OfflineSet, WorldSet])]
[OutputType(typeof(SweepOutcome), typeof(Job), ParameterSetName = [CompiledSet])]
public sealed partial class InvokeQmtlStrategyCommand : BackfillingCommand, ILongCommand
{
    private const string OfflineSet = "Offline";
    private const string WorldSet = "World";

    // Each command has a runner of its own; that a gateway could not be reached counts for all.
    private static readonly GatewayClientPool Gateways = new();

    // Set when the first bars of a strategy are replayed: from then on, there is no warm-up of it to show.
    private TaskCompletionSource _replaying = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly List<LooseNodes> _nodes = [];

    /// <summary>The strategy; all nodes that are given in place of one make one.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [StrategyArgument]
    [ValidateNotNull]
    public Strategy? Strategy { get; set; }

    /// <summary>Runs it without a gateway, as is the default.</summary>
    [Parameter(ParameterSetName = OfflineSet)]
    public SwitchParameter Offline { get; set; }

    /// <summary>Replays what the providers hold from this instant on, in place of the streams' windows.</summary>
    [Parameter]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant of the replay that -Start begins, or of what -Follow follows, inside.</summary>
    [Parameter]
    [InstantArgument(IsEnd = true)]
    public DateTimeOffset? End { get; set; }

    /// <summary>Goes on with each new bar after the history, until it is stopped or has come to -End.</summary>
    [Parameter(ParameterSetName = OfflineSet)]
    [Parameter(ParameterSetName = WorldSet)]
    public SwitchParameter Follow { get; set; }

    /// <summary>How many seconds other streams wait for a bar, from two seconds after its close on; 30 by default.</summary>
    [Parameter(ParameterSetName = OfflineSet)]
    [Parameter(ParameterSetName = WorldSet)]
    [ValidateRange(0, 86_400)]
    public int? PatienceSec { get; set; }

    /// <summary>The world to run in.</summary>
    [Parameter(Mandatory = true, ParameterSetName = WorldSet)]
    [ValidateNotNullOrEmpty]
    public string? World { get; set; }

    /// <summary>The gateway's address.</summary>
    [Parameter(Mandatory = true, ParameterSetName = WorldSet)]
    [ValidateNotNull]
    public Uri? GatewayUri { get; set; }

    /// <summary>What the run's results count as at the gateway: backtest by default, live with -Follow.</summary>
    [Parameter(ParameterSetName = WorldSet)]
    [ValidateSet("backtest", "dryrun", "shadow", "live")]
    public string? ExecutionDomain { get; set; }

    /// <summary>In which order bars of different intervals come: by their opens, or by their closes, when each is known.</summary>
    [Parameter]
    public BarOrder Order { get; set; }

    /// <summary>How often what failed for a passing reason is tried again; as each provider says by default.</summary>
    [Parameter(ParameterSetName = OfflineSet)]
    [Parameter(ParameterSetName = WorldSet)]
    [ValidateRange(0, 100)]
    public int? MaxRetries { get; set; }

    /// <summary>Lets nodes that do not compute from one another compute at once; the results are the same.</summary>
    [Parameter(ParameterSetName = OfflineSet)]
    [Parameter(ParameterSetName = WorldSet)]
    public SwitchParameter Parallel { get; set; }

    /// <summary>What missing bars mean: the step is left out (Skip, the default) or the run ends (Fail).</summary>
    [Parameter]
    public OnMissing OnMissing { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        string? wrong = this switch
        {
            { IsCompiled: true } => WrongForRuns,
            { Follow.IsPresent: true } => null,
            { World: not null, Start: not null } or { World: not null, End: not null } =>
                "-Start and -End do not go with -World: what the streams' windows hold is replayed. Give -Follow as well to go on from "
                    + "-Start and up to -End, or leave them out.",
            { End: not null, Start: null } =>
                "-End needs -Start: together they are the range that is replayed. Give -Start as well, or leave -End out to run over "
                    + "the streams' windows.",
            { PatienceSec: not null } =>
                "-PatienceSec says how long -Follow waits for a bar. Give -Follow as well, or leave -PatienceSec out.",
            _ => null,
        };
        if (wrong is not null)
        {
            ThrowTerminatingError(ErrorRecords.From(new ArgumentException(wrong), null));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (IsCompiled)
        {
            AddNames();
        }
        else if (Strategy is LooseNodes nodes)
        {
            _nodes.Add(nodes);
        }
        else if (Follow && End is null)
        {
            RequireOnlyOne();
            _endless = Strategy;
        }
        else
        {
            RunStrategy(Strategy!);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_names.Count > 0)
        {
            RunCompiled();
        }
        else if (_nodes.Count > 0)
        {
            RequireOnlyOne();
            RunStrategy(LooseNodes.Join(_nodes));
        }
        else if (_endless is not null)
        {
            RunStrategy(_endless);
        }

        base.EndProcessing();
    }

    private void RunStrategy(Strategy strategy)
    {
        RequireItsScript(strategy);
        string doing = PlainText.OneLine($"Performing the operation \"{Describe()}\" on target \"{strategy.Name}\".");
        if (!ShouldProcess(doing, $"Are you sure you want to perform this action?\n{doing}", "Confirm", out ShouldProcessReason reason))
        {
            if (reason == ShouldProcessReason.WhatIf && World is not null)
            {
                Run(token => DryRunAsync(strategy, World, token), strategy);
            }

            return;
        }

        try
        {
            RunLong<InvokeQmtlStrategyCommand>((command, token) => command.RunRecordedAsync(strategy, token), strategy);
        }
        finally
        {
            TellOfStop();
        }
    }

    private async Task RunRecordedAsync(Strategy strategy, CancellationToken token)
    {
        // The run ends when everything is delivered, or when a recorder turns out to be away: whoever waits must know why.
        List<Recorder> recorders = [.. RecordersOf(strategy.Nodes)];
        List<IDisposable> following =
            [.. recorders.Select(recorder => recorder.Follow(warning => Post(() => WriteWarning(warning))))];
        try
        {
            await (Start is not null && !Follow ? ReplayAsync(strategy, token) : RunAsync(strategy, token));
            foreach (string waiting in recorders.Select(recorder => recorder.DescribeWaiting()).OfType<string>())
            {
                Post(() => WriteWarning(waiting));
            }
        }
        finally
        {
            following.ForEach(followed => followed.Dispose());
        }
    }

    // The gateway's address may hold a password, so it is not told.
    private string Describe() => this switch
    {
        { World: { } world } =>
            $"Submit the strategy to the world '{world}', fill and load its streams' history, and compute and record its nodes{GoingOn}",
        { Start: not null, Follow.IsPresent: false } => "Replay stored history, and compute and record its nodes",
        _ => $"Fill and load its streams' history, and compute and record its nodes{GoingOn}",
    };

    private async Task ReplayAsync(Strategy strategy, CancellationToken cancellationToken)
    {
        DateTimeOffset end = End ?? TimeProvider.System.GetUtcNow();
        TimeRange range = AskedRange.Between(Start, end);
        bool any = false;
        var pipeline = new Qmtl.Strategies.Pipeline(strategy, PipelineOptions());
        await pipeline.ReplayAsync(
            range,
            result =>
            {
                any = true;
                Emit(result);
            },
            cancellationToken);

        // Streams give no results: a strategy of nothing else is there to record them.
        bool recordsOnly = pipeline.Nodes.Count == pipeline.Streams.Count;
        if (recordsOnly ? pipeline.BarsReplayed == 0 : !any)
        {
            // A replay reads what is there and fills nothing; an empty store must not look like a quiet market.
            Post(() => WriteWarning(NoResult(range)));
        }
    }

    private static string NoResult(TimeRange range) =>
        $"The replay from {UnixTime.Format(range.Start)} to {UnixTime.Format(range.End)} gave no result. See with Get-QmtlCoverage "
            + "whether the providers hold bars there, at least as many as the nodes' periods; Invoke-QmtlBackfill fills them.";

    private async Task DryRunAsync(Strategy strategy, string world, CancellationToken cancellationToken)
    {
        SubmissionResult? result = await CreateWorldRunner(RunnerOptions()).DryRunAsync(strategy, world, GatewayUri!, cancellationToken);
        int elsewhere = result?.QueueMap.ElsewhereCount ?? 0;
        Show(result is null
            ? "What if: The gateway has no dry run, so it was not asked."
            : string.Create(
                CultureInfo.InvariantCulture,
                $"What if: The gateway would take the strategy '{strategy.Name}' in the world '{world}', and compute {elsewhere} of its "
                    + $"nodes elsewhere."));
    }

    private WorldRunner CreateWorldRunner(RunnerOptions options, Action<GatewayEvent>? onEvent = null)
    {
        var world = new WorldRunnerOptions
        {
            Run = options,
            GatewayClients = Gateways,
            OnGatewayEvent = onEvent,
            ExecutionDomain = ExecutionDomain ?? (Follow ? "live" : "backtest"),
        };
        return new WorldRunner(world, Clock);
    }

    private RunnerOptions RunnerOptions(Action<BackfillEvent>? onEvent = null) => new()
    {
        Pipeline = PipelineOptions(),
        Warmup = new HistoryWarmupOptions { OnMissing = OnMissing, OnEvent = onEvent, MaxRetries = MaxRetries },
        OnWarning = warning => Post(() => WriteWarning(warning)),
        LoggerFactory = CreateLog(),
    };

    private async Task RunAsync(Strategy strategy, CancellationToken cancellationToken)
    {
        var progress = new BackfillProgressTracker(strategy.Nodes.OfType<StreamInput>().Count(), TimeProvider.System);
        RunnerOptions options = RunnerOptions(progress.Add);
        _replaying = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<StrategyRun> running = Follow ? FollowAsync(strategy, options, cancellationToken)
            : World is { } world ? InWorldAsync(CreateWorldRunner(options).RunAsync(strategy, world, GatewayUri!, Emit, cancellationToken))
            : new Runner(options, Clock).OfflineAsync(strategy, Emit, cancellationToken);
        await ShowWhileAsync(progress, () => Task.WhenAny(running, _replaying.Task));
        await using StrategyRun run = await running;
        Tell(run);
    }

    private static async Task<StrategyRun> InWorldAsync(Task<WorldRun> running) => await running;

    // In words at once: when they are written, the run is over and its gate closed.
    private void Tell(StrategyRun run)
    {
        string results = string.Create(CultureInfo.InvariantCulture, $"The strategy '{run.Strategy.Name}' gave {run.Results} results.");
        Post(() => WriteVerbose(results));
        if (Follow)
        {
            Show(Summarize(run));
        }

        if (run is WorldRun { Submission: { WasKnown: true } known })
        {
            string went = $"The gateway had the strategy '{run.Strategy.Name}' already; this run went on with its '{known.StrategyId}'.";
            Post(() => WriteVerbose(went));
        }

        if (run is WorldRun { Gate: { } gate })
        {
            string sides = $"{gate[ActivationSide.Long]}; {gate[ActivationSide.Short]}";
            Show($"The gateway says of '{run.Strategy.Name}': {sides}. The run has ended, and so has the watching.");
        }
    }

    // As by Write-Host: a closed gate is nothing wrong, and yet what an operator wants to know.
    private void Show(string text)
    {
        var message = new HostInformationMessage { Message = PlainText.Escape(text) };
        Post(() => WriteInformation(message, ["PSHOST"]));
    }

    private PipelineOptions PipelineOptions() => new()
    {
        Parallel = Parallel,
        OnMissing = OnMissing,
        Order = Order,
        Executor = ComputeAsync,
        CanComputeInParallel = ScriptBound.CanComputeInParallel,
        OnWarning = warning => Post(() => WriteWarning(warning)),
    };

    // Nodes compute where script may run and results may be written. So each result is on its way before the next is computed,
    // and a slow command further down slows the replay instead of filling the memory.
    private Task ComputeAsync(Action compute)
    {
        _replaying.TrySetResult();
        return OnPipelineAsync(() =>
        {
            try
            {
                compute();
            }
            catch (NodeFailedException exception) when (exception.InnerException is PipelineStoppedException stopped)
            {
                // Ctrl-C in the middle of a node's script is no failure of the node.
                throw stopped;
            }
        });
    }

    private void Emit(NodeResult result) => WriteObject(WithGate(new StrategyResult(result)));
}
