namespace Qmtl.Simulation.Http;

/// <summary>
/// Counts the weight used in the last minute, or another stretch of time, and refuses what goes beyond the limit: first with 429, then
/// with 418.
/// </summary>
internal sealed class WeightLimiter(int? most, TimeSpan per, int requestsBeforeBan, TimeSpan banDuration, TimeProvider clock)
{
    // What was used is counted in so many parts of the stretch: a minute by its seconds.
    private const int Parts = 60;

    private readonly Lock _lock = new();
    private readonly Queue<(long Part, int Weight)> _parts = new();
    private int _used;
    private int _ignored;
    private DateTimeOffset _refusedUntil = DateTimeOffset.MinValue;
    private DateTimeOffset _bannedUntil = DateTimeOffset.MinValue;

    /// <summary>Uses weight, unless there is none left.</summary>
    /// <returns>The weight used in the last stretch; the status, 200 where the request may pass; and how long to stay away where
    /// not.</returns>
    public (int Used, int Status, TimeSpan RetryAfter) Use(int weight)
    {
        DateTimeOffset now = clock.GetUtcNow();
        lock (_lock)
        {
            if (now < _bannedUntil)
            {
                return (_used, 418, _bannedUntil - now);
            }

            Forget(PartOf(now));
            if (most is { } limit && _used + weight > limit)
            {
                return Refuse(now);
            }

            _ignored = 0;
            _used += weight;
            if (most is not null)
            {
                _parts.Enqueue((PartOf(now), weight));
            }

            return (_used, 200, TimeSpan.Zero);
        }
    }

    private (int Used, int Status, TimeSpan RetryAfter) Refuse(DateTimeOffset now)
    {
        _ignored = now < _refusedUntil ? _ignored + 1 : 0;
        if (_ignored > requestsBeforeBan)
        {
            _ignored = 0;
            _bannedUntil = now + banDuration;
            return (_used, 418, banDuration);
        }

        // By then the oldest part of the stretch has passed; a limit that refuses everything still names a time.
        long oldest = _parts.Count > 0 ? _parts.Peek().Part : PartOf(now);
        _refusedUntil = new DateTimeOffset((oldest + Parts) * (per.Ticks / Parts), TimeSpan.Zero);
        return (_used, 429, _refusedUntil - now);
    }

    private long PartOf(DateTimeOffset time) => time.UtcTicks / (per.Ticks / Parts);

    private void Forget(long part)
    {
        while (_parts.TryPeek(out (long Part, int Weight) oldest) && oldest.Part <= part - Parts)
        {
            _used -= oldest.Weight;
            _parts.Dequeue();
        }

        if (most is null)
        {
            _used = 0;
        }
    }
}
