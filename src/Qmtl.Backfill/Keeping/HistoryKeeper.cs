using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Http;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Keeping;

/// <summary>
/// Keeps streams complete for as long as it runs: each new bar is asked for when it has closed, the newest stored ones are compared with
/// it, and what is missing behind is filled while nothing is due, the newest holes first.
/// </summary>
/// <remarks>
/// Nothing is remembered outside the stores, so it can be ended in any way at any time. A source or a store that is away is asked again
/// with a growing delay, and nothing else waits for it.
/// </remarks>
public sealed class HistoryKeeper : IBarWatch, IAsyncDisposable
{
    // A lane looks for what is due every half minute, so that one which has not for as long as this hangs.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(2);

    private readonly KeeperWorld _world;
    private readonly Lock _lock = new();
    private readonly Dictionary<(KeptSource Source, KeptStore Store), KeepLane> _lanes = [];
    private readonly Dictionary<KeptStore, IHistoryStore> _stores = [];
    private readonly Dictionary<StreamKey, KeepLane> _laneOf = [];
    private readonly Dictionary<StreamKey, TaskCompletionSource> _changes = [];
    private readonly Dictionary<KeepLane, Task> _running = [];
    private readonly Channel<Task> _ended = Channel.CreateUnbounded<Task>();
    private KeepDeclaration _declaration;
    private CancellationToken? _stop;
    private bool _isEnded;

    /// <summary>A keeper; it asks nobody before it runs.</summary>
    /// <param name="declaration">What is kept.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="onOutcome">Told what became of each visit, from any thread; it must return quickly and not throw.</param>
    /// <param name="onEvent">Told of everything that happens, likewise.</param>
    /// <param name="loggerFactory">Makes the loggers that are told the same, with the events of docs/logs.md; null for none.</param>
    /// <exception cref="ArgumentException">The declaration is wrong, or a source or store of it cannot be opened.</exception>
    public HistoryKeeper(
        KeepDeclaration declaration,
        TimeProvider? timeProvider = null,
        Action<KeepOutcome>? onOutcome = null,
        Action<BackfillEvent>? onEvent = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(declaration);
        _world = new KeeperWorld(timeProvider ?? TimeProvider.System, onOutcome, onEvent, loggerFactory, OnChange);
        _declaration = declaration;
        Apply(declaration);
    }

    /// <summary>What is the matter with sources and stores at present, a sentence each; none where all can be had.</summary>
    public IReadOnlyList<string> Troubles => [.. Lanes().Select(lane => lane.Trouble?.Message).OfType<string>().Distinct()];

    /// <summary>Whether nothing is under way; for tests, which then may turn the clock on.</summary>
    internal bool IsResting => Lanes().TrueForAll(lane => lane.IsResting);

    /// <summary>Keeps the streams until it is told to stop. What is under way then is committed or dropped whole.</summary>
    /// <param name="cancellationToken">Ends it; it returns then, and does not throw.</param>
    /// <exception cref="InvalidOperationException">It runs already, or has run.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_lock)
        {
            if (_stop is not null)
            {
                throw new InvalidOperationException("The keeper runs already, or has run. Make another one.");
            }

            _stop = stop.Token;
            foreach (KeepLane lane in _lanes.Values)
            {
                Start(lane);
            }
        }

        KeepLog.Started(
            _world.Logger,
            _declaration.Streams.Count,
            _declaration.Streams.Select(kept => kept.Source).Distinct().Count(),
            _declaration.Streams.Select(kept => kept.Store).Distinct().Count());
        try
        {
            await foreach (Task ended in _ended.Reader.ReadAllAsync(stop.Token))
            {
                await ended;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Told to stop.
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(End());
        }
    }

    /// <summary>
    /// Asks once for all that is missing, compares the newest bars, and ends: what a job of cron does. It is used in place of
    /// <see cref="RunAsync"/>.
    /// </summary>
    /// <param name="cancellationToken">Stops it; streams that are not done then end as <see cref="BackfillStatus.Cancelled"/>.</param>
    /// <returns>What became of each stream.</returns>
    public async Task<IReadOnlyList<KeepOutcome>> RunOnceAsync(CancellationToken cancellationToken)
    {
        KeepOutcome[][] outcomes = await Task.WhenAll(Lanes().Select(lane => lane.CompleteOnceAsync(cancellationToken)));
        return [.. outcomes.SelectMany(static some => some)];
    }

    /// <summary>
    /// Keeps what another declaration says, from now on. Streams that stay are not visited again for it, and what is under way ends as it
    /// would have.
    /// </summary>
    /// <param name="declaration">What is kept from now on.</param>
    /// <exception cref="ArgumentException">
    /// The declaration is wrong, or a source or store of it cannot be opened; all stays as it was.
    /// </exception>
    public void Reload(KeepDeclaration declaration)
    {
        ArgumentNullException.ThrowIfNull(declaration);
        Apply(declaration);
        KeepLog.Reloaded(_world.Logger, declaration.Streams.Count);
    }

    /// <summary>Why it should be started anew, in a sentence; null while it lives. It asks nobody, and answers at once.</summary>
    public string? WhyNotLive()
    {
        lock (_lock)
        {
            // One that completes all once, or has not begun, looks for nothing.
            if (_stop is null)
            {
                return null;
            }
        }

        return Lanes().Select(static lane => lane.Silence).DefaultIfEmpty().Max() is var silence && silence > LongestSilence
            ? string.Create(CultureInfo.InvariantCulture, $"The keeper has not looked for what is due for {silence.TotalSeconds:0} s.")
            : null;
    }

    /// <summary>
    /// Why it does not do what it is there for, in a sentence; null once each stream has been visited and while the stores can be had. It
    /// asks nobody, and answers at once.
    /// </summary>
    public string? WhyNotReady()
    {
        List<KeepLane> lanes = Lanes();
        int unseen = lanes.Sum(lane => lane.Unseen);
        return lanes.Select(lane => lane.Trouble).OfType<StoreException>().FirstOrDefault() is { } away ? away.Message
            : unseen > 0 ? string.Create(CultureInfo.InvariantCulture, $"{unseen} streams have not been visited yet.")
            : null;
    }

    /// <inheritdoc/>
    public async ValueTask<long> WaitForBarAfterAsync(StreamKey stream, long after, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            (KeepLane lane, Task change) = WatchFor(stream);
            if (await lane.FindCompleteAsync(stream, after, cancellationToken) is var complete && complete > after)
            {
                return complete;
            }

            await change.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Closes the stores that it opened. It must not run any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(End());
        Lanes().ForEach(lane => lane.Forget());
        foreach ((KeptStore declared, IHistoryStore store) in _stores)
        {
            if (declared.Opened is null)
            {
                await store.DisposeAsync();
            }
        }

        _stores.Clear();
    }

    /// <summary>The source and the store of a stream that is kept.</summary>
    internal (IDataFetcher Fetcher, IHistoryStore Store) PartsOf(KeptStream kept)
    {
        lock (_lock)
        {
            KeepLane lane = _lanes[(kept.Source, kept.Store)];
            return (lane.Fetcher, lane.Store);
        }
    }

    private List<KeepLane> Lanes()
    {
        lock (_lock)
        {
            return [.. _lanes.Values];
        }
    }

    private void Apply(KeepDeclaration declaration)
    {
        declaration.Validate();
        lock (_lock)
        {
            bool mayStay = declaration.Options == _declaration.Options && declaration.AskAfter == _declaration.AskAfter;
            var lanes = new Dictionary<(KeptSource Source, KeptStore Store), KeepLane>();
            var opened = new Dictionary<KeptStore, IHistoryStore>();
            foreach ((KeptSource source, KeptStore store) in declaration.Streams.Select(kept => (kept.Source, kept.Store)).Distinct())
            {
                if (!_stores.ContainsKey(store) && !opened.ContainsKey(store))
                {
                    opened.Add(store, store.Open());
                }

                lanes[(source, store)] = mayStay && _lanes.TryGetValue((source, store), out KeepLane? stays)
                    ? stays
                    : new KeepLane(source, _stores.GetValueOrDefault(store) ?? opened[store], declaration, _world);
            }

            foreach (KeptStream kept in declaration.Streams)
            {
                RequireInterval(kept, lanes[(kept.Source, kept.Store)].Fetcher);
            }

            Take(declaration, lanes, opened);
        }
    }

    // It would never come, however often it was asked for.
    private static void RequireInterval(KeptStream kept, IDataFetcher fetcher)
    {
        if (fetcher is HttpFetcher { Intervals: var known } && !known.Contains(kept.Stream.Interval))
        {
            throw new ArgumentException(
                $"The stream {PlainText.OneLine(kept.Stream.ToString())} cannot be kept: the source "
                    + $"{PlainText.OneLine(kept.Source.Name)} has no {kept.Stream.Interval} bars. It has {string.Join(", ", known)}.");
        }
    }

    // From here on nothing can fail.
    private void Take(
        KeepDeclaration declaration,
        Dictionary<(KeptSource Source, KeptStore Store), KeepLane> lanes,
        Dictionary<KeptStore, IHistoryStore> opened)
    {
        KeepLane[] retired = [.. _lanes.Values.Except(lanes.Values)];
        KeepLane[] begun = [.. lanes.Values.Except(_lanes.Values)];

        // What is measured is bounded, and so those that go make room for those that come.
        Array.ForEach(retired, static lane => lane.Forget());
        _lanes.Clear();
        _laneOf.Clear();
        foreach (((KeptSource Source, KeptStore Store) key, KeepLane lane) in lanes)
        {
            _lanes.Add(key, lane);
            KeptStream[] streams = [.. declaration.Streams.Where(kept => (kept.Source, kept.Store) == key)];
            lane.Set(streams);
            Array.ForEach(streams, kept => _laneOf.TryAdd(kept.Stream, lane));
        }

        foreach ((KeptStore store, IHistoryStore open) in opened)
        {
            _stores.Add(store, open);
        }

        _declaration = declaration;
        Array.ForEach(retired, lane => lane.Retire());
        if (_stop is not null)
        {
            Array.ForEach(begun, Start);
        }

        CloseUnused(retired);
        foreach (TaskCompletionSource change in _changes.Values)
        {
            // Whoever waits looks again, and hears where its stream is not kept any more.
            change.TrySetResult();
        }

        _changes.Clear();
    }

    private void CloseUnused(KeepLane[] retired)
    {
        Task ended = Task.WhenAll(retired.Select(lane => _running.GetValueOrDefault(lane, Task.CompletedTask)));
        foreach (KeptStore unused in _stores.Keys.Except(_lanes.Keys.Select(lane => lane.Store)).ToArray())
        {
            if (_stores.Remove(unused, out IHistoryStore? store) && unused.Opened is null)
            {
                _ = ended.ContinueWith(
                    async _ => await store.DisposeAsync(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    // Under the lock.
    private void Start(KeepLane lane)
    {
        CancellationToken stop = _stop!.Value;
        Task task = Task.Run(() => lane.RunAsync(stop), CancellationToken.None);
        _running[lane] = task;
        _ = task.ContinueWith(
            ended =>
            {
                lock (_lock)
                {
                    _running.Remove(lane);
                }

                _ended.Writer.TryWrite(ended);
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    private Task[] End()
    {
        lock (_lock)
        {
            _isEnded = true;
            foreach (TaskCompletionSource change in _changes.Values)
            {
                change.TrySetException(Ended());
            }

            _changes.Clear();
            return [.. _running.Values];
        }
    }

    private (KeepLane Lane, Task Change) WatchFor(StreamKey stream)
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                throw Ended();
            }

            if (!_laneOf.TryGetValue(stream, out KeepLane? lane))
            {
                throw new ArgumentException(
                    $"The stream {PlainText.OneLine(stream.ToString())} is not kept. Add it to what is declared.", nameof(stream));
            }

            if (!_changes.TryGetValue(stream, out TaskCompletionSource? change))
            {
                _changes.Add(stream, change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return (lane, change.Task);
        }
    }

    private void OnChange(StreamKey stream)
    {
        lock (_lock)
        {
            if (_changes.Remove(stream, out TaskCompletionSource? change))
            {
                change.TrySetResult();
            }
        }
    }

    private static InvalidOperationException Ended() => new("The keeper has ended, and no bar will come any more. Start one again.");
}
