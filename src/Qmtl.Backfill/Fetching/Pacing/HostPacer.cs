using System.Collections.Concurrent;
using Qmtl.Time;

namespace Qmtl.Fetching.Pacing;

/// <summary>
/// Keeps all requests of this process to one host within the host's limits, each request within those that it names, and holds every
/// request back for as long as the host asked to be left alone. Where requests wait for the same limit, they go in the order in which
/// they came.
/// </summary>
public sealed class HostPacer
{
    private static readonly ConcurrentDictionary<(string Host, TimeProvider Clock), HostPacer> Pacers = new();

    // The longest ban of any exchange lasts three days. What is longer than a week nobody means, so one tries again after an hour.
    private static readonly TimeSpan LongestMeant = TimeSpan.FromDays(7);
    private static readonly TimeSpan Meaningless = TimeSpan.FromHours(1);

    // An answer to another request may change the picture, so nobody sleeps for long on the old one.
    private static readonly TimeSpan LongestNap = TimeSpan.FromSeconds(1);

    // A timer tells no shorter times.
    private static readonly TimeSpan ShortestNap = TimeSpan.FromMilliseconds(1);

    // Timers are late by some milliseconds; the request after the late one need not be.
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _clock;
    private readonly long _origin;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PacedScope> _scopes = new(StringComparer.Ordinal);
    private readonly List<Turn> _waiting = [];
    private TimeSpan _pausedUntil;
    private long _waitedTicks;
    private long _waits;

    private HostPacer(string host, TimeProvider clock) => (Host, _clock, _origin) = (host, clock, clock.GetTimestamp());

    /// <summary>How long requests to the host have waited so far, all together.</summary>
    public TimeSpan TotalWait => new(Interlocked.Read(ref _waitedTicks));

    /// <summary>The host: scheme, name and port, for example <c>https://api.binance.com:443</c>.</summary>
    public string Host { get; }

    /// <summary>How often a request to the host has waited so far.</summary>
    public long Waits => Interlocked.Read(ref _waits);

    /// <summary>The pacers of all hosts that were asked so far.</summary>
    internal static IEnumerable<HostPacer> All => Pacers.Values;

    // By a stopwatch, which nobody sets back.
    private TimeSpan Now => _clock.GetElapsedTime(_origin);

    /// <summary>
    /// The pacer of the host (scheme, name and port) of <paramref name="uri"/>: one a process, and one for each clock in use.
    /// </summary>
    public static HostPacer For(Uri uri, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(uri);
        string host = uri.GetComponents(UriComponents.Scheme | UriComponents.Host | UriComponents.StrongPort, UriFormat.UriEscaped);
        return Pacers.GetOrAdd((host, clock ?? TimeProvider.System), static key => new HostPacer(key.Host, key.Clock));
    }

    /// <summary>Waits until a request may start. Dispose the turn when the request has ended.</summary>
    /// <param name="cost">What the request costs, and the limits that it keeps to.</param>
    /// <param name="longestPause">The longest pause that is waited for here.</param>
    /// <param name="onWait">Told, on this thread, how long the request is about to wait, again for each wait; null tells nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SourceException">The host asked to be left alone for longer than <paramref name="longestPause"/>; transient, with
    /// the time that is left.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The weight is less than 1.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<Turn> WaitAsync(
        RequestCost cost, TimeSpan longestPause, Action<TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentOutOfRangeException.ThrowIfLessThan(cost.Weight, 1, nameof(cost));
        Turn turn;
        lock (_lock)
        {
            turn = new Turn(this, cost, ScopeOf);
        }

        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                TimeSpan wait = StartOrWait(turn, longestPause);
                if (wait <= TimeSpan.Zero)
                {
                    return turn;
                }

                onWait?.Invoke(wait);
                Interlocked.Add(ref _waitedTicks, wait.Ticks);
                Interlocked.Increment(ref _waits);
                await Task.Delay(wait, _clock, cancellationToken);
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting.Remove(turn);
            }
        }
    }

    /// <summary>
    /// Holds every request back for <paramref name="duration"/> from now; a longer pause that holds already stays. What is longer than a
    /// week is taken for nonsense and holds for an hour.
    /// </summary>
    public void Pause(TimeSpan duration)
    {
        lock (_lock)
        {
            TimeSpan until = Now + (duration > LongestMeant ? Meaningless : duration);
            _pausedUntil = until > _pausedUntil ? until : _pausedUntil;
        }
    }

    // Zero where the request has started.
    private TimeSpan StartOrWait(Turn turn, TimeSpan longestPause)
    {
        lock (_lock)
        {
            TimeSpan now = Now;
            TimeSpan pause = _pausedUntil - now;
            if (pause > longestPause)
            {
                throw LeftAlone(pause);
            }

            if (pause > TimeSpan.Zero)
            {
                return WholeMilliseconds(pause);
            }

            TimeSpan earliest = turn.Earliest(now);
            TimeSpan start = AfterThoseInFront(turn, earliest, now);
            if (start <= now)
            {
                turn.Start(earliest > now - CatchUp ? earliest : now - CatchUp, now);
                return TimeSpan.Zero;
            }

            turn.Expected = start;
            if (!_waiting.Contains(turn))
            {
                _waiting.Add(turn);
            }

            return WholeMilliseconds(start - now < LongestNap ? start - now : LongestNap);
        }
    }

    // Nobody overtakes a request that waits for a limit in which both count; it would wait for ever for the room that it needs.
    private TimeSpan AfterThoseInFront(Turn turn, TimeSpan earliest, TimeSpan now)
    {
        TimeSpan start = earliest;
        foreach (Turn other in _waiting)
        {
            if (other == turn)
            {
                break;
            }

            // One that does not come when it is due has something else to do, and loses its place.
            if (other.IsLimitedWith(turn) && other.Expected > now - LongestNap)
            {
                TimeSpan after = other.Expected + turn.Share;
                after = after > now ? after : now + ShortestNap;
                start = after > start ? after : start;
            }
        }

        return start;
    }

    private SourceException LeftAlone(TimeSpan pause)
    {
        string until = UnixTime.Format((_clock.GetUtcNow() + pause).ToUnixTimeSeconds());
        return new SourceException($"{Host} asked to be left alone until {until}. Run again after that.")
        {
            IsTransient = true,
            RetryAfter = pause,
            IsUnsent = true,
        };
    }

    private PacedScope ScopeOf(string? name)
    {
        if (!_scopes.TryGetValue(name ?? string.Empty, out PacedScope? scope))
        {
            _scopes.Add(name ?? string.Empty, scope = new PacedScope());
        }

        return scope;
    }

    // A timer drops what is less than a millisecond, and a request that wakes too early would look again and again.
    private static TimeSpan WholeMilliseconds(TimeSpan wait) => TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));

    /// <summary>A request's turn; it ends when disposed.</summary>
    public sealed class Turn : IDisposable
    {
        private readonly HostPacer _pacer;
        private readonly RequestCost _cost;
        private readonly PacedScope[] _scopes;
        private readonly Limited[] _limits;
        private readonly long[] _usedAtStart;
        private bool _isUnderWay;

        // Every request counts for the whole host, whether or not it has a limit there.
        internal Turn(HostPacer pacer, RequestCost cost, Func<string?, PacedScope> scopeOf)
        {
            (_pacer, _cost) = (pacer, cost);
            _limits = [.. cost.Limits.Select(limit => new Limited(limit, scopeOf(limit.Scope)))];
            _scopes = [.. _limits.Select(limited => limited.Scope).Append(scopeOf(null)).Distinct()];
            _usedAtStart = new long[_limits.Length];
            Share = _limits.Select(limited => limited.Limit.Per * ((double)CostIn(limited) / limited.Limit.Weight)).DefaultIfEmpty().Max();
        }

        /// <summary>How long the host's window still lasted when it answered, as it said; null where it did not.</summary>
        public TimeSpan? Reset { get; private set; }

        /// <summary>When it can start, as far as was known when it last looked.</summary>
        internal TimeSpan Expected { get; set; }

        /// <summary>How long after another like it this one starts where all are spread evenly.</summary>
        internal TimeSpan Share { get; }

        /// <summary>
        /// Takes note that the host has the request: from now on it counts for a window's length. Reads what the answer tells of the
        /// limits.
        /// </summary>
        /// <param name="response">The answer, of which the head has come.</param>
        public void Answered(HttpResponseMessage response)
        {
            ArgumentNullException.ThrowIfNull(response);
            lock (_pacer._lock)
            {
                End();
                TimeSpan now = _pacer.Now;
                for (int i = 0; i < _limits.Length; i++)
                {
                    RateLimit limit = _limits[i].Limit;
                    TimeSpan? reset = limit.ReadReset(response, _pacer._clock.GetUtcNow());
                    Reset = reset > Reset ? reset : Reset ?? reset;
                    if (limit.ReadUsed(response) is { } used)
                    {
                        _limits[i].Window.AddOthers(Math.Max(0, used - _usedAtStart[i]), reset, now);
                    }
                }
            }
        }

        /// <summary>Ends the turn. A request that had no answer may have reached the host all the same.</summary>
        public void Dispose()
        {
            lock (_pacer._lock)
            {
                End();
            }
        }

        /// <summary>Whether one of its limits counts the other, too.</summary>
        internal bool IsLimitedWith(Turn other) => Array.Exists(_limits, limited => Array.IndexOf(other._scopes, limited.Scope) >= 0);

        internal TimeSpan Earliest(TimeSpan now) => _limits
            .Select(limited => limited.Window.Earliest(
                CostIn(limited), limited.Limit.Weight, limited.Scope.InFlight, limited.Scope.LastStart, now))
            .DefaultIfEmpty(now)
            .Max();

        internal void Start(TimeSpan at, TimeSpan now)
        {
            _isUnderWay = true;
            Array.ForEach(_scopes, scope => scope.Start(_cost.Weight, at));
            for (int i = 0; i < _limits.Length; i++)
            {
                _usedAtStart[i] = _limits[i].Window.Used(_limits[i].Scope.InFlight, now);
            }
        }

        private int CostIn(Limited limited) => limited.Limit.CostOf(_cost);

        private void End()
        {
            if (_isUnderWay)
            {
                _isUnderWay = false;
                TimeSpan now = _pacer.Now;
                Array.ForEach(_scopes, scope => scope.Arrive(_cost.Weight, now));
            }
        }

        private sealed record Limited(RateLimit Limit, PacedScope Scope)
        {
            public PaceWindow Window { get; } = Scope.WindowOf(Limit);
        }
    }
}
