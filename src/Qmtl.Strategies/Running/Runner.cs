using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.Backfill;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;

namespace Qmtl.Running;

/// <summary>Runs strategies: gives their streams the history they need, and replays it through the nodes.</summary>
/// <remarks>May be used from several threads, but a node belongs to one run at a time.</remarks>
public sealed class Runner
{
    private readonly RunnerOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Action<string> _warn;
    private readonly PipelineOptions _pipeline;
    private readonly RunLog _log;

    /// <summary>A runner.</summary>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public Runner(RunnerOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new RunnerOptions();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _warn = _options.OnWarning ?? (static _ => { });
        _pipeline = _options.Pipeline with { OnWarning = _options.Pipeline.OnWarning ?? _warn };
        _log = new RunLog(_options.LoggerFactory?.CreateLogger<Runner>() ?? (ILogger)NullLogger.Instance);
    }

    /// <summary>Runs a strategy: warms its streams up and replays their history.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="onResult">Told of each node's results, in order. It may take its time: the replay waits for it.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The run when the replay has ended; live bars can be fed to its pipeline.</returns>
    /// <exception cref="InvalidOperationException">The strategy's nodes form no pipeline.</exception>
    /// <exception cref="WarmupFailedException">A stream did not get its history. Nothing was replayed.</exception>
    /// <exception cref="NodeFailedException">A node threw. The results before it were told.</exception>
    /// <exception cref="MissingBarsException">A bar is missing where none may.</exception>
    public Task<StrategyRun> OfflineAsync(Strategy strategy, Action<NodeResult> onResult, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        ArgumentNullException.ThrowIfNull(onResult);
        return PrimeAsync(new StrategyRun(strategy, CreatePipeline(strategy)), onResult, cancellationToken);
    }

    /// <summary>The nodes of a strategy at work, as the options have it.</summary>
    internal Pipeline CreatePipeline(Strategy strategy) => new(strategy, _pipeline);

    /// <summary>Warms a run's streams up and replays their history.</summary>
    internal async Task<TRun> PrimeAsync<TRun>(TRun run, Action<NodeResult> onResult, CancellationToken cancellationToken)
        where TRun : StrategyRun
    {
        foreach (string warning in ShortHistory.Warnings(run.Pipeline.Nodes))
        {
            _warn(warning);
        }

        await WarmUpAsync(run, cancellationToken);
        try
        {
            await run.Pipeline.ReplayAsync(
                result =>
                {
                    run.Count();
                    onResult(result);
                },
                cancellationToken);
            return run;
        }
        catch (NodeFailedException failure)
        {
            _log.Write(failure);
            throw;
        }
    }

    private async Task WarmUpAsync(StrategyRun run, CancellationToken cancellationToken)
    {
        HistoryWarmupOptions options = _options.Warmup with
        {
            OnWarning = _options.Warmup.OnWarning ?? _warn,
            LoggerFactory = _options.Warmup.LoggerFactory ?? _options.LoggerFactory,
        };
        var warmup = new HistoryWarmup(options, _timeProvider);
        await foreach (WarmupResult result in warmup.RunAsync(run.Pipeline.Streams.Where(HasHistory), cancellationToken))
        {
            run.Add(result);
            _log.Write(result);
            _options.OnWarmedUp?.Invoke(result);
        }

        if (run.Warmup.Any(result => result.Status == BackfillStatus.Failed))
        {
            throw new WarmupFailedException(run.Warmup);
        }
    }

    // A stream may get its bars from the program that runs the strategy; nobody can tell here, but it must not pass in silence.
    private bool HasHistory(StreamInput stream)
    {
        if (stream.HistoryProvider is not null || _options.Warmup.OnMissing == OnMissing.Fail)
        {
            return true;
        }

        if (stream.Cache.Count(stream.Key) == 0)
        {
            _warn(
                $"The stream {stream.Key} has no history provider and nothing in its cache, so nodes that compute from it wait for live "
                    + $"bars. Create it with a provider to warm it up.");
        }

        return false;
    }
}
