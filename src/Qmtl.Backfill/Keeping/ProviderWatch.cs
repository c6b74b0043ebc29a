using System.Collections.Concurrent;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Keeping;

/// <summary>
/// Watches streams of any providers while somebody waits for them: each bar is asked for when it has closed and, until it is there or
/// known not to exist, again with a growing delay. A provider without a source is only looked at, so that another process may fill it.
/// </summary>
/// <remarks>Nothing is done for a stream that nobody waits for, and nothing is remembered but the store's.</remarks>
internal sealed class ProviderWatch : IBarWatch
{
    /// <summary>How long after its close a bar is asked for: clocks differ, and one that still forms must not be taken for whole.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyDictionary<StreamKey, IHistoryProvider> _providers;
    private readonly TimeProvider _timeProvider;
    private readonly Action<string> _warn;
    private readonly Func<IHistoryProvider, BackfillOptions> _optionsOf;
    private readonly Func<BackfillOptions, BackfillEngine> _createEngine;
    private readonly ConcurrentDictionary<BackfillOptions, BackfillEngine> _engines = new();
    private readonly ConcurrentDictionary<StreamKey, bool> _failing = new();

    /// <summary>A watch.</summary>
    /// <param name="providers">Whose bars each stream's are.</param>
    /// <param name="timeProvider">The clock that tells which bars have closed.</param>
    /// <param name="optionsOf">How each provider's store is filled; null for what it says.</param>
    /// <param name="onWarning">Told once that a stream cannot be completed, until it can again; from any thread.</param>
    /// <param name="onEvent">Told of everything that happens while stores are filled; null for nobody.</param>
    public ProviderWatch(
        IReadOnlyDictionary<StreamKey, IHistoryProvider> providers,
        TimeProvider timeProvider,
        Func<IHistoryProvider, BackfillOptions>? optionsOf,
        Action<string> onWarning,
        Action<BackfillEvent>? onEvent = null)
    {
        (_providers, _timeProvider, _warn) = (providers, timeProvider, onWarning);
        _optionsOf = optionsOf ?? (static provider => provider.Options);
        _createEngine = options => new BackfillEngine(options, timeProvider, onEvent);
    }

    /// <inheritdoc/>
    public async ValueTask<long> WaitForBarAfterAsync(StreamKey stream, long after, CancellationToken cancellationToken = default)
    {
        IHistoryProvider provider = _providers.GetValueOrDefault(stream)
            ?? throw new ArgumentException($"The stream {stream} is none of this watch's.", nameof(stream));
        BackfillEngine engine = _engines.GetOrAdd(_optionsOf(provider), _createEngine);
        ProviderCalls calls = engine.Calls(provider, stream);
        for (TimeSpan pause = TimeSpan.FromSeconds(1); ; pause = pause * 2 < LongestDelay ? pause * 2 : LongestDelay)
        {
            await BarClock.WaitForCloseAsync(stream.Interval, stream.Interval.Next(after), Delay, _timeProvider, cancellationToken);
            long last = Math.Max(stream.Interval.Next(after), stream.Interval.LastClosedBar(_timeProvider.GetUtcNow() - Delay));
            try
            {
                if (provider.Obstacle is null)
                {
                    await CompleteAsync(provider, stream, new TimeRange(stream.Interval.Next(after), last), engine, cancellationToken);
                }

                if (await FindCompleteAsync(calls, stream, after, last, cancellationToken) is var complete && complete > after)
                {
                    _failing.TryRemove(stream, out _);
                    return complete;
                }
            }
            catch (Exception error) when (TransientErrors.IsTransient(error) && !cancellationToken.IsCancellationRequested)
            {
                Tell(stream, error);
            }

            await Task.Delay(pause, _timeProvider, cancellationToken);
        }
    }

    /// <summary>
    /// The last bar up to which all bars behind <paramref name="after"/> are there or known not to exist; <paramref name="after"/> itself
    /// where the next one is neither.
    /// </summary>
    /// <param name="calls">The provider that is asked.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="after">A bar's open.</param>
    /// <param name="last">The last bar that is looked at, later than <paramref name="after"/>.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    public static async Task<long> FindCompleteAsync(
        ProviderCalls calls, StreamKey stream, long after, long last, CancellationToken cancellationToken)
    {
        var range = new TimeRange(stream.Interval.Next(after), last);
        TimeRangeSet settled = await calls.GetCoverageAsync(range, static () => { }, cancellationToken);
        if (settled is not [var only] || only != range)
        {
            settled = settled.Union(await calls.GetKnownEmptyAsync(range, static () => { }, cancellationToken)).Intersect(range);
        }

        return settled is [{ Start: var start, End: var end }, ..] && start == range.Start ? end : after;
    }

    /// <summary>What is told of a stream that cannot be completed.</summary>
    public static string Describe(StreamKey stream, Exception error) =>
        $"{stream} cannot be completed at present, and is asked for again until it can: {error.Message}";

    private async Task CompleteAsync(
        IHistoryProvider provider, StreamKey stream, TimeRange range, BackfillEngine engine, CancellationToken cancellationToken)
    {
        await foreach (BackfillResult result in provider.CompleteAsync(stream, [range], engine, cancellationToken))
        {
            if (result.Error is { } error)
            {
                Tell(stream, error);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Tell(StreamKey stream, Exception error)
    {
        if (_failing.TryAdd(stream, true))
        {
            _warn(Describe(stream, error));
        }
    }
}
