using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Telemetry;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Keeping;

/// <summary>
/// Keeps all streams that one source brings into one store. It waits for nobody else, so that a source or a store that is away holds up
/// only what needs it.
/// </summary>
/// <remarks>
/// A heap of due times and one timer serve all its streams; a stream costs some hundred bytes, and no timer and no task while it waits.
/// </remarks>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "RunAsync disposes what it makes.")]
internal sealed partial class KeepLane
{
    // Clocks are set and machines sleep: nobody waits longer than this without looking again.
    private static readonly TimeSpan LongestNap = TimeSpan.FromSeconds(30);

    // By as much a clock may go back before that counts: less only makes a bar come as much later.
    private static readonly TimeSpan ClockStep = TimeSpan.FromSeconds(5);

    private readonly IDataFetcher _fetcher;
    private readonly IHistoryStore _store;
    private readonly string _source;
    private readonly BackfillOptions _options;
    private readonly TimeSpan _askAfter;
    private readonly KeeperWorld _world;
    private readonly NewestBars _newest;
    private readonly BackfillEngine _plain;
    private readonly LaneTrouble _trouble;
    private readonly Lock _lock = new();
    private readonly Dictionary<StreamKey, KeptState> _states = [];
    private readonly PriorityQueue<KeptState, long> _due = new();
    private readonly PriorityQueue<KeptState, long> _behind = new();
    private readonly HashSet<Task> _underWay = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private CancellationTokenSource _asking = new();
    private int _visits;
    private int _pieces;
    private int _unseen;
    private bool _isRetired;
    private volatile bool _cannotRevise;
    private long _wakes;
    private long _handled;
    private long _lastTick;
    private DateTimeOffset _historyRests;
    private DateTimeOffset _lookedAt;
    private DateTimeOffset _latest;

    /// <param name="source">The source as it is declared.</param>
    /// <param name="store">The store, open.</param>
    /// <param name="declaration">How sources are asked.</param>
    /// <param name="world">What all lanes share.</param>
    /// <exception cref="ArgumentException">The source cannot be opened.</exception>
    public KeepLane(KeptSource source, IHistoryStore store, KeepDeclaration declaration, KeeperWorld world)
    {
        _fetcher = source.Open(SymbolOf);
        (_store, _source, _options, _askAfter, _world) = (store, source.Name, declaration.Options, declaration.AskAfter, world);
        _trouble = new LaneTrouble(world.Clock);
        Tick();
        _newest = new NewestBars(_options, world.Clock, world.OnEvent, world.Log);
        _plain = new BackfillEngine(_options, world.Clock, OnHistoryEvent, world.Log);
    }

    /// <summary>The source.</summary>
    public IDataFetcher Fetcher => _fetcher;

    /// <summary>The store.</summary>
    public IHistoryStore Store => _store;

    /// <summary>What is the matter with source or store; null where nothing is.</summary>
    public Exception? Trouble
    {
        get
        {
            lock (_lock)
            {
                return _trouble.Error;
            }
        }
    }

    /// <summary>How many streams have not been visited yet.</summary>
    public int Unseen => Volatile.Read(ref _unseen);

    /// <summary>
    /// How long ago it looked for what is due, which it does every half minute at least, whatever becomes of the time of day.
    /// </summary>
    public TimeSpan Silence => _world.Clock.GetElapsedTime(Interlocked.Read(ref _lastTick));

    /// <summary>Whether nothing is under way, and it has looked for what is due since it was woken.</summary>
    internal bool IsResting
    {
        get
        {
            lock (_lock)
            {
                return _handled == Interlocked.Read(ref _wakes) && _underWay.Count == 0;
            }
        }
    }

    private DateTimeOffset Now => _world.Clock.GetUtcNow();

    /// <summary>Says which streams it keeps from now on.</summary>
    public void Set(IEnumerable<KeptStream> streams)
    {
        lock (_lock)
        {
            HashSet<StreamKey> before = [.. _states.Keys];
            foreach (KeptStream kept in streams)
            {
                if (before.Remove(kept.Stream) && _states.TryGetValue(kept.Stream, out KeptState? known))
                {
                    bool isEarlier = kept.Start < known.Kept.Start;
                    if (known.Kept != kept)
                    {
                        known.Gauge.Dispose();
                        (known.Kept, known.Gauge, _lookedAt) = (kept, Measure(kept), default);
                    }

                    if (isEarlier)
                    {
                        GoThroughHistory(known, known.CompleteTo);
                    }

                    continue;
                }

                var state = new KeptState(kept, Measure(kept));
                _states.Add(kept.Stream, state);
                (_unseen, _lookedAt) = (_unseen + 1, default);
                Schedule(state, Now);
            }

            foreach (StreamKey gone in before)
            {
                _states.Remove(gone, out KeptState? state);
                state!.IsGone = true;
                state.Gauge.Dispose();
                _unseen -= state.IsSeen ? 0 : 1;
            }
        }

        Wake();
    }

    /// <summary>Takes nothing new; what is under way ends by itself, and the lane with it.</summary>
    public void Retire()
    {
        lock (_lock)
        {
            _isRetired = true;
        }

        Wake();
    }

    /// <summary>Measures nothing any more.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            foreach (KeptState state in _states.Values)
            {
                state.Gauge.Dispose();
            }
        }
    }

    /// <summary>Keeps its streams until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using ITimer timer = _world.Clock.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (!cancellationToken.IsCancellationRequested && !(_isRetired && _underWay.Count == 0))
            {
                Tick();
                long wakes = Interlocked.Read(ref _wakes);
                timer.Change(StartWhatIsDue(cancellationToken), Timeout.InfiniteTimeSpan);
                _handled = wakes;
                await _wake.Reader.ReadAsync(cancellationToken);
                ForgetWhatHasEnded();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Told to stop.
        }
        finally
        {
            await Task.WhenAll(_underWay);
            _asking.Dispose();
        }
    }

    private void Wake()
    {
        Interlocked.Increment(ref _wakes);
        _wake.Writer.TryWrite(true);
    }

    private void Tick() => Interlocked.Exchange(ref _lastTick, _world.Clock.GetTimestamp());

    // How long nothing can be due.
    private TimeSpan StartWhatIsDue(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            DateTimeOffset now = Now;
            if (_isRetired)
            {
                return LongestNap;
            }

            if (now + ClockStep < _latest)
            {
                BeginAnew(now);
            }

            _latest = now;
            if (now - _lookedAt >= LookAgain)
            {
                _lookedAt = now;
                foreach (KeptState heldBack in _states.Values.Where(static state => state.IsHeldBack))
                {
                    heldBack.IsHeldBack = false;
                    Queue(heldBack);
                }

                Start(() => LookAsync(cancellationToken));
            }

            bool isProbe = _trouble.Error is not null;
            if (now < _trouble.Until || (isProbe && _visits + _pieces > 0))
            {
                // Whatever is due waits for the pause to pass, or for the one that was sent ahead.
                return now < _trouble.Until ? Sooner(LongestNap, _trouble.Until - now) : LongestNap;
            }

            List<KeptState> due = TakeDue(now, isProbe ? 1 : int.MaxValue);
            if (due.Count > 0)
            {
                _visits++;
                CancellationToken asking = _asking.Token;
                Start(() => VisitAsync(due, asking, cancellationToken));
            }

            // Only an idle lane looks behind, so that a bar that is due never waits for an old one. Where none is due for days, history
            // finds out whether whatever was away is back.
            int mostPieces = isProbe ? 1 : Math.Max(1, _options.ThrottleLimit / 2);
            while (_visits == 0 && now >= _historyRests && _pieces < mostPieces && TakeBehind() is { } state)
            {
                _pieces++;
                CancellationToken asking = _asking.Token;
                Start(() => FillBehindAsync(state, asking, cancellationToken));
            }

            TimeSpan nap = LongestNap;
            if (_due.TryPeek(out _, out long next))
            {
                nap = Sooner(nap, new DateTimeOffset(next, TimeSpan.Zero) - now);
            }

            return _behind.Count > 0 && _historyRests > now ? Sooner(nap, _historyRests - now) : nap;
        }
    }

    // The clock was ahead and has been set back: whatever was to be done by the time that it showed is due now.
    private void BeginAnew(DateTimeOffset now)
    {
        foreach (KeptState state in _states.Values)
        {
            Schedule(state, now);
        }

        _trouble.TryNow();
        (_historyRests, _lookedAt) = (now, default);
    }

    private KeptGauge Measure(KeptStream kept) =>
        QmtlMeter.Instruments.Freshness.Keep(
            kept.Stream, _store.Info.DisplayName, kept.FirstBar, kept.Budget ?? StreamStatus.DefaultBudget(kept.Stream.Interval));

    private static TimeSpan Sooner(TimeSpan nap, TimeSpan other) =>
        other >= nap ? nap : other > TimeSpan.FromMilliseconds(1) ? other : TimeSpan.FromMilliseconds(1);

    private List<KeptState> TakeDue(DateTimeOffset now, int most)
    {
        List<KeptState> taken = [];
        while (taken.Count < most && _due.TryPeek(out KeptState? state, out long due) && due <= now.UtcTicks)
        {
            _due.Dequeue();
            if (state.IsGone || state.Due != due)
            {
                continue;
            }

            state.IsLate = state.IsBusy;
            if (!state.IsBusy)
            {
                state.IsBusy = true;
                taken.Add(state);
            }
        }

        return taken;
    }

    private void Schedule(KeptState state, DateTimeOffset at)
    {
        state.Due = at.UtcTicks;
        _due.Enqueue(state, state.Due);
    }

    private void Start(Func<Task> work)
    {
        Task task = Task.Run(() => GuardAsync(work), CancellationToken.None);
        _underWay.Add(task);
        _ = task.ContinueWith(_ => Wake(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    // One fault, whatever its cause, must end no stream but its own.
    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception error)
        {
            Fault(error);
        }
    }

    private void Fault(Exception error) => KeepLog.Fault(_world.Logger, _fetcher.Name, _store.Info.DisplayName, error.Message, error);

    private void ForgetWhatHasEnded()
    {
        lock (_lock)
        {
            _underWay.RemoveWhere(static task => task.IsCompleted);
        }
    }

    private string SymbolOf(StreamKey stream)
    {
        lock (_lock)
        {
            return _states.TryGetValue(stream, out KeptState? state) ? state.Kept.Symbol ?? stream.NodeId : stream.NodeId;
        }
    }

    // A source that makes history wait is near its limit, and what is left of that is for bars that become due.
    private void OnHistoryEvent(BackfillEvent happened)
    {
        if (happened is BackfillWaiting waiting)
        {
            lock (_lock)
            {
                _historyRests = Now + waiting.Delay;
            }
        }

        _world.OnEvent?.Invoke(happened);
    }
}
