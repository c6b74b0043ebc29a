namespace Qmtl.Simulation.Markets;

/// <summary>
/// When a whole exchange was down: one outage in each stretch of <see cref="Every"/>, somewhere inside it. Markets that share a
/// schedule have the same holes. It follows from the seed alone.
/// </summary>
public sealed record OutageSchedule
{
    /// <summary>Another seed moves every outage.</summary>
    /// <value>0 by default.</value>
    public long Seed { get; init; }

    /// <summary>How often the exchange is down.</summary>
    /// <value>Once in 2 days by default; longer than <see cref="Longest"/>.</value>
    public TimeSpan Every { get; init; } = TimeSpan.FromDays(2);

    /// <summary>The shortest outage.</summary>
    /// <value>5 minutes by default.</value>
    public TimeSpan Shortest { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest outage.</summary>
    /// <value>3 hours by default.</value>
    public TimeSpan Longest { get; init; } = TimeSpan.FromHours(3);

    /// <summary>Whether the exchange was down at <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public bool IsDown(long timestamp)
    {
        long stretch = (long)Every.TotalSeconds;
        long offset = timestamp % stretch;
        if (offset < 0)
        {
            offset += stretch;
        }

        long number = (timestamp - offset) / stretch;
        double length = Shortest.TotalSeconds + (HashNoise.Share((ulong)Seed, 2 * number) * (Longest - Shortest).TotalSeconds);
        double start = HashNoise.Share((ulong)Seed, (2 * number) + 1) * (stretch - length);
        return offset >= start && offset < start + length;
    }
}
