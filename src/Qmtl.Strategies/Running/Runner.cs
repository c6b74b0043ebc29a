using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Keeping;
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

    /// <summary>
    /// Runs a strategy and goes on with it: warms its streams up, replays their history, and then takes each new bar through the nodes when
    /// it has closed, in the order that a replay has, until the run is stopped.
    /// </summary>
    /// <remarks>
    /// <para>History and new bars are one merge of what the streams' providers hold, so the results are those of a replay over the same
    /// bars, whenever the run began. Between the two no bar is computed twice or left out.</para>
    /// <para>Bars of other streams wait for one that is behind, for <see cref="FollowOptions.Patience"/>. Its bars are computed when they
    /// come, but what a node gave since is not computed again (<see cref="Pipeline.LateBars"/>).</para>
    /// </remarks>
    /// <param name="strategy">The strategy; each of its streams has a history provider.</param>
    /// <param name="onResult">Told of each node's results, in order. It may take its time: the run waits for it.</param>
    /// <param name="options">What is followed, and how; null for the defaults.</param>
    /// <param name="cancellationToken">
    /// Stops the run. From the replay on that is the end it is meant to have: what was processed is recorded, and the run is returned.
    /// </param>
    /// <returns>The run when it was stopped, or when it has come to <see cref="FollowOptions.End"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    /// <exception cref="ArgumentException">No bar of any stream opens from the start to the end.</exception>
    /// <exception cref="InvalidOperationException">The strategy's nodes form no pipeline, or a stream has no history provider.</exception>
    /// <exception cref="WarmupFailedException">A stream did not get its history. Nothing was replayed.</exception>
    /// <exception cref="NodeFailedException">A node threw. The results before it were told.</exception>
    /// <exception cref="MissingBarsException">A bar is missing where none may.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the replay.</exception>
    public Task<StrategyRun> FollowAsync(
        Strategy strategy, Action<NodeResult> onResult, FollowOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        ArgumentNullException.ThrowIfNull(onResult);
        return FollowAsync(
            new StrategyRun(strategy, CreatePipeline(strategy)), onResult, options ?? new FollowOptions(), cancellationToken);
    }

    /// <summary>The nodes of a strategy at work, as the options have it.</summary>
    internal Pipeline CreatePipeline(Strategy strategy) => new(strategy, _pipeline);

    /// <summary>Warms a run's streams up and replays their history.</summary>
    internal async Task<TRun> PrimeAsync<TRun>(TRun run, Action<NodeResult> onResult, CancellationToken cancellationToken)
        where TRun : StrategyRun
    {
        await WarmUpAsync(run, _options.Warmup, cancellationToken);
        await TakeThroughAsync(run, onResult, told => run.Pipeline.ReplayAsync(told, cancellationToken));
        return run;
    }

    /// <summary>Warms a run's streams up, replays their history, and goes on with new bars.</summary>
    internal async Task<TRun> FollowAsync<TRun>(
        TRun run, Action<NodeResult> onResult, FollowOptions options, CancellationToken cancellationToken)
        where TRun : StrategyRun
    {
        options.Validate();
        Dictionary<StreamKey, IHistoryProvider> providers =
            run.Pipeline.Streams.ToDictionary(stream => stream.Key, stream => stream.RequireProvider());
        RequireBars(run.Pipeline.Streams, options);
        FollowedStreams.WarnOfOrder(run.Pipeline.Streams, _pipeline.Order, _warn);

        // A bar that has only just closed is left to the watch, which knows when it is worth asking for.
        HistoryWarmupOptions warmup = _options.Warmup with
        {
            Start = options.Start,
            End = options.End,
            Now = _timeProvider.GetUtcNow() - ProviderWatch.Delay,
            LateFrom = _timeProvider.GetUtcNow() - options.Patience,
        };
        await WarmUpAsync(run, warmup, cancellationToken);
        options.OnStarted?.Invoke(run);
        await using KeptProviders? kept = options.Watch is null ? Keep(run, providers, warmup) : null;
        IBarWatch watch = options.Watch ?? kept!;
        await using var arrivals = new FollowedStreams(
            run, watch, options, warmup.OptionsOf, _timeProvider, _warn, _log, cancellationToken);
        await TakeThroughAsync(run, onResult, told => run.Pipeline.FollowAsync(arrivals, told, cancellationToken));
        return run;
    }

    private KeptProviders Keep(
        StrategyRun run, Dictionary<StreamKey, IHistoryProvider> providers, HistoryWarmupOptions warmup)
    {
        Dictionary<StreamKey, long> starts = run.Warmup.ToDictionary(result => result.Stream, result => result.Range.Start);
        return new KeptProviders(
            providers,
            stream => starts.TryGetValue(stream, out long start) ? start : AskedRange.FirstSecond(warmup.Start!.Value),
            warmup.OptionsOf,
            _timeProvider,
            _warn,
            warmup.OnEvent,
            warmup.LoggerFactory ?? _options.LoggerFactory);
    }

    private async Task TakeThroughAsync(StrategyRun run, Action<NodeResult> onResult, Func<Action<NodeResult>, Task> work)
    {
        try
        {
            await work(result =>
            {
                run.Count();
                onResult(result);
            });
        }
        catch (NodeFailedException failure)
        {
            _log.Write(failure);
            throw;
        }
    }

    private async Task WarmUpAsync(StrategyRun run, HistoryWarmupOptions options, CancellationToken cancellationToken)
    {
        foreach (string warning in options.Start is null ? ShortHistory.Warnings(run.Pipeline.Nodes) : [])
        {
            _warn(warning);
        }

        options = options with
        {
            OnWarning = options.OnWarning ?? _warn,
            LoggerFactory = options.LoggerFactory ?? _options.LoggerFactory,
        };
        var warmup = new HistoryWarmup(options, _timeProvider);
        IEnumerable<StreamInput> streams = run.Pipeline.Streams.Where(HasHistory).Where(stream => HasClosed(stream, options));
        await foreach (WarmupResult result in warmup.RunAsync(streams, cancellationToken))
        {
            run.Add(result);
            _log.Write(result);
        }

        if (run.Warmup.Any(result => result.Status == BackfillStatus.Failed))
        {
            throw new WarmupFailedException(run.Warmup);
        }
    }

    // A range in which no stream has a bar, closed or still to come, would be a run that ends with nothing.
    private static void RequireBars(IReadOnlyList<StreamInput> streams, FollowOptions options)
    {
        string? note = null;
        if (options is { Start: { } start, End: { } end }
            && streams.All(stream => AskedRange.Closed(stream.Interval, start, end, DateTimeOffset.MaxValue, out note) is null))
        {
            throw new ArgumentException(note);
        }
    }

    // A run that goes on may begin with a bar that is still to come.
    private static bool HasClosed(StreamInput stream, HistoryWarmupOptions options) => options is not { Now: { } now, Start: { } start }
        || stream.Interval.Ceiling(AskedRange.FirstSecond(start)) <= Math.Min(
            stream.Interval.LastClosedBar(now), (options.End ?? DateTimeOffset.MaxValue).ToUnixTimeSeconds());

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
