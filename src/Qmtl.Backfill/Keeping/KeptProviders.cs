using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Keeping;

/// <summary>
/// Keeps the streams of any providers complete until it is disposed: those of a store and a source as <see cref="HistoryKeeper"/> does, all
/// others, which fill themselves or are filled by somebody else, while somebody waits for them.
/// </summary>
internal sealed class KeptProviders : IBarWatch, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<StreamKey, (HistoryKeeper Keeper, Task Running)> _keepers = [];
    private readonly ProviderWatch _others;
    private readonly ConcurrentDictionary<StreamKey, bool> _failing = new();
    private readonly Action<string> _warn;

    /// <summary>Begins to keep the streams.</summary>
    /// <param name="providers">Whose bars each stream's are.</param>
    /// <param name="startOf">From when on each is to be complete: Unix seconds, UTC.</param>
    /// <param name="optionsOf">How each provider's store is filled.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="onWarning">Told once that a stream cannot be completed, until it can again; from any thread.</param>
    /// <param name="onEvent">Told of everything that happens while stores are filled; null for nobody.</param>
    /// <param name="loggerFactory">Gets the log of it; null for none.</param>
    public KeptProviders(
        IReadOnlyDictionary<StreamKey, IHistoryProvider> providers,
        Func<StreamKey, long> startOf,
        Func<IHistoryProvider, BackfillOptions> optionsOf,
        TimeProvider timeProvider,
        Action<string> onWarning,
        Action<BackfillEvent>? onEvent,
        ILoggerFactory? loggerFactory)
    {
        _warn = onWarning;

        // What is away is told as a warning of the stream, so the keeper's own log would only say it again. That a bar was filled happens
        // with each bar, and is no news.
        Action<BackfillEvent>? tell = onEvent
            + (loggerFactory is null ? null : new BackfillLog(loggerFactory.CreateLogger<HistoryKeeper>(), LogLevel.Debug).Write);
        _others = new ProviderWatch(providers, timeProvider, optionsOf, onWarning, tell);
        foreach (IGrouping<BackfillOptions, KeyValuePair<StreamKey, IHistoryProvider>> alike in providers
            .Where(stream => stream.Value is { Store: not null, Fetcher: not null, Obstacle: null })
            .GroupBy(stream => optionsOf(stream.Value)))
        {

            // Nothing is compared: what somebody has computed from stays as it was.
            KeptStream[] streams = [.. alike.Select(stream => KeptStream.Of(stream.Value, stream.Key, startOf(stream.Key), compare: 0))];
            var keeper = new HistoryKeeper(
                new KeepDeclaration { Streams = streams, Options = alike.Key, AskAfter = ProviderWatch.Delay }, timeProvider, Note, tell);
            Task running = keeper.RunAsync(_stop.Token);
            Array.ForEach(streams, kept => _keepers.Add(kept.Stream, (keeper, running)));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> WaitForBarAfterAsync(StreamKey stream, long after, CancellationToken cancellationToken = default)
    {
        if (!_keepers.TryGetValue(stream, out (HistoryKeeper Keeper, Task Running) kept))
        {
            return await _others.WaitForBarAfterAsync(stream, after, cancellationToken);
        }

        try
        {
            return await kept.Keeper.WaitForBarAfterAsync(stream, after, cancellationToken);
        }
        catch (InvalidOperationException) when (kept.Running.IsFaulted)
        {
            // Why it ended says more than that it did.
            await kept.Running;
            throw;
        }
    }

    /// <summary>Keeps nothing any more; what is under way is committed or dropped whole. Stores and sources stay open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach ((HistoryKeeper keeper, Task running) in _keepers.Values.Distinct())
        {
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await keeper.DisposeAsync();
        }

        _stop.Dispose();
    }

    private void Note(KeepOutcome outcome)
    {
        StreamKey stream = outcome.Kept.Stream;
        if (outcome.Result.Error is not { } error)
        {
            _failing.TryRemove(stream, out _);
        }
        else if (_failing.TryAdd(stream, true))
        {
            _warn(ProviderWatch.Describe(stream, error));
        }
    }
}
