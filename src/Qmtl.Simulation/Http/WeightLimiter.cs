namespace Qmtl.Simulation.Http;

/// <summary>Counts the weight used in the last minute and refuses what goes beyond the limit: first with 429, then with 418.</summary>
internal sealed class WeightLimiter(int? weightPerMinute, int requestsBeforeBan, TimeSpan banDuration, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Queue<(long Second, int Weight)> _seconds = new();
    private int _used;
    private int _ignored;
    private DateTimeOffset _refusedUntil = DateTimeOffset.MinValue;
    private DateTimeOffset _bannedUntil = DateTimeOffset.MinValue;

    /// <summary>Uses weight, unless there is none left.</summary>
    /// <returns>The weight used in the last minute; the status, 200 where the request may pass; and how long to stay away where
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

            Forget(now.ToUnixTimeSeconds());
            if (weightPerMinute is { } limit && _used + weight > limit)
            {
                return Refuse(now);
            }

            _ignored = 0;
            _used += weight;
            if (weightPerMinute is not null)
            {
                _seconds.Enqueue((now.ToUnixTimeSeconds(), weight));
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

        // By then the oldest second of the minute has passed; a limit that refuses everything still names a time.
        long oldest = _seconds.Count > 0 ? _seconds.Peek().Second : now.ToUnixTimeSeconds();
        _refusedUntil = DateTimeOffset.FromUnixTimeSeconds(oldest + 60);
        return (_used, 429, _refusedUntil - now);
    }

    private void Forget(long second)
    {
        while (_seconds.TryPeek(out (long Second, int Weight) oldest) && oldest.Second <= second - 60)
        {
            _used -= oldest.Weight;
            _seconds.Dequeue();
        }

        if (weightPerMinute is null)
        {
            _used = 0;
        }
    }
}
