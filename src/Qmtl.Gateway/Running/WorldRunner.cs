using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.Gateway.Submission;
using Qmtl.Gateway.Watching;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Gateway.Running;

/// <summary>Runs strategies in the worlds of gateways, and keeps to what these allow; for the rest like a <see cref="Runner"/>.</summary>
/// <remarks>May be used from several threads, but a node belongs to one run at a time.</remarks>
public sealed class WorldRunner
{
    private readonly WorldRunnerOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Runner _runner;
    private readonly GatewayClientPool _gateways;
    private readonly Action<string> _warn;
    private readonly GatewayLog _log;

    /// <summary>A runner.</summary>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public WorldRunner(WorldRunnerOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new WorldRunnerOptions();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _runner = new Runner(_options.Run, _timeProvider);
        _gateways = _options.GatewayClients ?? new GatewayClientPool(_options.Gateway, _timeProvider);
        _warn = _options.Run.OnWarning ?? (static _ => { });
        _log = new GatewayLog(_options.Run.LoggerFactory?.CreateLogger<WorldRunner>() ?? (ILogger)NullLogger.Instance);
    }

    /// <summary>
    /// Asks a gateway what it would make of a strategy in one of its worlds. Nothing is registered, filled or computed; that it would be
    /// downgraded is a warning.
    /// </summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="worldId">The world.</param>
    /// <param name="gatewayUri">The gateway's address.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What it would make of it; null where the gateway has no dry runs.</returns>
    /// <exception cref="GatewayException">It would not take the strategy, or did not answer.</exception>
    /// <exception cref="InvalidOperationException">The strategy's nodes form no pipeline.</exception>
    public async Task<SubmissionResult?> DryRunAsync(
        Strategy strategy, string worldId, Uri gatewayUri, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        var description = new StrategyDescription(_runner.CreatePipeline(strategy).Nodes);
        SubmissionResult? result = await _gateways.Get(gatewayUri).DryRunAsync(SubmissionOf(worldId, description), cancellationToken);
        if (result is not null)
        {
            Warn(strategy, result);
        }

        return result;
    }

    /// <summary>
    /// Runs a strategy in a world of a gateway: submits it, leaves out the nodes that are computed elsewhere and, with a warning, those
    /// that would compute from them, watches what it may do, warms its streams up and replays their history.
    /// </summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="worldId">The world.</param>
    /// <param name="gatewayUri">The gateway's address, for example <c>http://127.0.0.1:8000</c>.</param>
    /// <param name="onResult">Told of each node's results, in order. It may take its time: the replay waits for it.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>
    /// The run when the replay has ended. Until it is disposed, its <see cref="WorldRun.Gate"/> follows the gateway. Where all nodes are
    /// computed elsewhere or need one that is, nothing is warmed up, replayed or watched, and <see cref="WorldRun.IsComputedElsewhere"/>
    /// says so.
    /// </returns>
    /// <exception cref="GatewayException">The gateway did not take the strategy. Nothing was filled or replayed.</exception>
    /// <exception cref="InvalidOperationException">The strategy's nodes form no pipeline.</exception>
    /// <exception cref="WarmupFailedException">A stream did not get its history. Nothing was replayed.</exception>
    /// <exception cref="NodeFailedException">A node threw. The results before it were told.</exception>
    /// <exception cref="MissingBarsException">A bar is missing where none may.</exception>
    public Task<WorldRun> RunAsync(
        Strategy strategy, string worldId, Uri gatewayUri, Action<NodeResult> onResult, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onResult);
        return RunAsync(strategy, worldId, gatewayUri, run => _runner.PrimeAsync(run, onResult, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// The same, and then goes on with each new bar until the run is stopped (<see cref="Runner.FollowAsync"/>). The gate is kept the
    /// while: it is the <see cref="WorldRun.Gate"/> of the run that <see cref="FollowOptions.OnStarted"/> is told of.
    /// </summary>
    /// <param name="strategy">The strategy; each of its streams has a history provider.</param>
    /// <param name="worldId">The world.</param>
    /// <param name="gatewayUri">The gateway's address.</param>
    /// <param name="onResult">Told of each node's results, in order. It may take its time: the run waits for it.</param>
    /// <param name="options">What is followed, and how; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the run; from the replay on that is no error.</param>
    /// <returns>The run when it was stopped, or has come to its end; the gateway is watched until it is disposed.</returns>
    /// <exception cref="GatewayException">The gateway did not take the strategy. Nothing was filled or replayed.</exception>
    /// <exception cref="InvalidOperationException">The strategy's nodes form no pipeline, or a stream has no history provider.</exception>
    /// <exception cref="WarmupFailedException">A stream did not get its history. Nothing was replayed.</exception>
    /// <exception cref="NodeFailedException">A node threw. The results before it were told.</exception>
    /// <exception cref="MissingBarsException">A bar is missing where none may.</exception>
    public Task<WorldRun> FollowAsync(
        Strategy strategy,
        string worldId,
        Uri gatewayUri,
        Action<NodeResult> onResult,
        FollowOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onResult);
        return RunAsync(
            strategy,
            worldId,
            gatewayUri,
            run => _runner.FollowAsync(run, onResult, options ?? new FollowOptions(), cancellationToken),
            cancellationToken);
    }

    private async Task<WorldRun> RunAsync(
        Strategy strategy, string worldId, Uri gatewayUri, Func<WorldRun, Task<WorldRun>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        Pipeline pipeline = _runner.CreatePipeline(strategy);
        var description = new StrategyDescription(pipeline.Nodes);
        GatewayClient client = _gateways.Get(gatewayUri);
        SubmissionResult submission = await client.SubmitAsync(SubmissionOf(worldId, description), cancellationToken);
        Warn(strategy, submission);

        var run = new WorldRun(strategy, pipeline, submission);
        if (!LeaveOutNodesElsewhere(run, submission.QueueMap))
        {
            _warn(
                $"Every node of the strategy '{strategy.Name}' is computed elsewhere, or needs one that is, so there is nothing to run "
                    + $"here.");
            run.IsComputedElsewhere = true;
            return run;
        }

        Action<GatewayEvent> onEvent = (Action<GatewayEvent>)_log.Write + _options.OnGatewayEvent;
        var watcher = new ActivationWatcher(
            client, worldId, submission.StrategyId, gate: null, _options.Activation, _timeProvider, onEvent);
        run.Watcher = watcher;
        try
        {
            await watcher.StartAsync(cancellationToken);
            return await work(run);
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    // Late gateways take the domain of the world's decision, and the instant from here; earlier ones take both from here.
    private StrategySubmission SubmissionOf(string worldId, StrategyDescription description)
    {
        var meta = new JsonObject { ["execution_domain"] = _options.ExecutionDomain };
        if (_options.ExecutionDomain is not ("live" or "shadow"))
        {
            meta["as_of"] = UnixTime.Format(_timeProvider.GetUtcNow().ToUnixTimeSeconds());
        }

        return new StrategySubmission(worldId, description.Nodes) { Meta = meta };
    }

    /// <summary>Switches off what the gateway computes elsewhere, and what would compute from that, for as long as the run lasts.</summary>
    /// <returns>Whether anything is left to compute here. Streams compute nothing, so they count only in a strategy of nothing
    /// else.</returns>
    private bool LeaveOutNodesElsewhere(WorldRun run, QueueMap queues)
    {
        IReadOnlyList<Node> nodes = run.Pipeline.Nodes;
        foreach (Node node in nodes.Where(node => node.Executes && queues.IsElsewhere(StrategyDescription.IdOf(node))))
        {
            run.LeaveOut(node);
        }

        // Their results are not here, and what they would compute from must not pass for them. Inputs come before what computes from them.
        foreach (Node node in nodes.Where(node => node.Executes))
        {
            if (node.Inputs.FirstOrDefault(input => input is not StreamInput && !input.Executes) is { } missing)
            {
                run.LeaveOut(node);
                _warn(
                    $"The node '{node.Name}' computes from '{missing.Name}', whose results are not here because they are computed "
                        + $"elsewhere: '{node.Name}' is left out of this run. Have the gateway compute both, or neither.");
            }
        }

        List<Node> computing = [.. nodes.Where(node => node is not StreamInput)];
        return (computing.Count > 0 ? computing : nodes).Any(node => node.Executes);
    }

    private void Warn(Strategy strategy, SubmissionResult submission)
    {
        if (submission.Downgraded)
        {
            _warn($"The gateway runs the strategy '{strategy.Name}' downgraded: {submission.DowngradeReason ?? "it does not say why"}.");
        }

        if (submission.SafeMode)
        {
            _warn($"The gateway runs the strategy '{strategy.Name}' in safe mode.");
        }

        if (submission.QueueMap.UnknownKeys.Count > 0)
        {
            _warn(
                $"The gateway's queue map names nodes that the strategy '{strategy.Name}' does not have: "
                    + $"{string.Join(", ", submission.QueueMap.UnknownKeys)}. They were ignored.");
        }
    }
}
