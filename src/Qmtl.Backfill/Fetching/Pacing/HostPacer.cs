using System.Collections.Concurrent;
using Qmtl.Time;

namespace Qmtl.Fetching.Pacing;

/// <summary>
/// Keeps all requests of this process to one host within the host's limits. It slows down as the weight that the host says was
/// used comes near the ceiling, so that the rest of a minute is spread over what is left, and it holds every request back for as
/// long as the host asked to be left alone.
/// </summary>
public sealed class HostPacer
{
    private static readonly ConcurrentDictionary<(string Host, TimeProvider Clock), HostPacer> Pacers = new();

    // Below half of the ceiling nothing waits. The last twentieth is left to other programs behind the same address.
    private const double FreeShare = 0.5;
    private const double UsableShare = 0.95;

    // An answer to another request may change the picture, so nobody sleeps for long on the old one.
    private static readonly TimeSpan LongestNap = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private long _minute;
    private int _used;
    private bool _told;
    private int _inFlight;
    private DateTimeOffset _lastStart = DateTimeOffset.MinValue;
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;
    private long _waitedTicks;
    private long _waits;

    private HostPacer(string host, TimeProvider clock) => (Host, _clock) = (host, clock);

    /// <summary>How long requests to the host have waited so far, all together.</summary>
    public TimeSpan TotalWait => new(Interlocked.Read(ref _waitedTicks));

    /// <summary>The host: scheme, name and port, for example <c>https://api.binance.com:443</c>.</summary>
    public string Host { get; }

    /// <summary>How often a request to the host has waited so far.</summary>
    public long Waits => Interlocked.Read(ref _waits);

    /// <summary>The pacers of all hosts that were asked so far.</summary>
    internal static IEnumerable<HostPacer> All => Pacers.Values;

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
    /// <param name="weight">What the request costs.</param>
    /// <param name="ceiling">What all requests of a minute may cost.</param>
    /// <param name="longestPause">The longest pause that is waited for here.</param>
    /// <param name="onWait">Told, on this thread, how long the request is about to wait, again for each wait; null tells nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SourceException">The host asked to be left alone for longer than <paramref name="longestPause"/>; transient, with
    /// the time that is left.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<Turn> WaitAsync(
        int weight, int ceiling, TimeSpan longestPause, Action<TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TimeSpan wait;
            lock (_lock)
            {
                wait = NextWait(weight, ceiling, longestPause);
                if (wait <= TimeSpan.Zero)
                {
                    _inFlight += weight;
                    _lastStart = _clock.GetUtcNow();
                    return new Turn(this, weight);
                }
            }

            onWait?.Invoke(wait);
            Interlocked.Add(ref _waitedTicks, wait.Ticks);
            Interlocked.Increment(ref _waits);
            await Task.Delay(wait, _clock, cancellationToken);
        }
    }

    /// <summary>Holds every request back for <paramref name="duration"/> from now; a longer pause that holds already stays.</summary>
    public void Pause(TimeSpan duration)
    {
        lock (_lock)
        {
            DateTimeOffset now = _clock.GetUtcNow();
            DateTimeOffset until = duration < DateTimeOffset.MaxValue - now ? now + duration : DateTimeOffset.MaxValue;
            _pausedUntil = until > _pausedUntil ? until : _pausedUntil;
        }
    }

    private TimeSpan NextWait(int weight, int ceiling, TimeSpan longestPause)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        TimeSpan pause = _pausedUntil - now;
        if (pause > longestPause)
        {
            throw new SourceException(
                $"{Host} asked to be left alone until {UnixTime.Format(_pausedUntil.ToUnixTimeSeconds())}. Run again after that.")
            {
                IsTransient = true,
                RetryAfter = pause,
                IsUnsent = true,
            };
        }

        if (pause > TimeSpan.Zero)
        {
            return pause;
        }

        long minute = now.ToUnixTimeSeconds() / 60;
        if (minute != _minute)
        {
            // Whether the host counts by the clock's minute or by the last 60 seconds, only its next answer tells. So after a busy
            // minute one request goes ahead.
            bool oneAhead = _told && _used > ceiling * FreeShare;
            (_minute, _used) = (minute, oneAhead ? (int)(ceiling * UsableShare) - weight - _inFlight : 0);
        }

        int used = _used + _inFlight;
        if (used + weight <= ceiling * FreeShare)
        {
            return TimeSpan.Zero;
        }

        TimeSpan left = DateTimeOffset.FromUnixTimeSeconds((minute + 1) * 60) - now;
        double usable = (ceiling * UsableShare) - used;
        if (usable < weight)
        {
            // A ceiling too low for a single request would stop everything; then one at a time still goes.
            return _used == 0 && _inFlight == 0 ? TimeSpan.Zero : Shorter(left, LongestNap);
        }

        return Shorter(_lastStart + (left * (weight / usable)) - now, LongestNap);
    }

    private void End(int weight, int? usedWeight)
    {
        lock (_lock)
        {
            _inFlight -= weight;

            // The host's own count also knows of other programs; where it never tells it, ours is the best there is. A request
            // that failed on the way changes nothing, so that another one can go ahead in its place.
            _told |= usedWeight is not null;
            _used = usedWeight ?? (_told ? _used : _used + weight);
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>A request's turn; it ends when disposed.</summary>
    public sealed class Turn : IDisposable
    {
        private readonly HostPacer _pacer;
        private readonly int _weight;
        private bool _ended;

        internal Turn(HostPacer pacer, int weight) => (_pacer, _weight) = (pacer, weight);

        /// <summary>The weight of the last minute as the host's answer told it; null where it did not.</summary>
        public int? UsedWeight { get; set; }

        /// <summary>Ends the turn.</summary>
        public void Dispose()
        {
            if (!_ended)
            {
                _ended = true;
                _pacer.End(_weight, UsedWeight);
            }
        }
    }
}
