namespace Qmtl.Keeping;

/// <summary>How long to wait before one asks again: longer each time, with a jitter, so that not all who wait come back at once.</summary>
internal static class GrowingDelay
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>The longest there is.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromMinutes(5);

    /// <summary>The delay.</summary>
    /// <param name="failures">How often it has failed in a row, from 1.</param>
    /// <param name="most">The most that the delay may be; null for <see cref="Longest"/>.</param>
    public static TimeSpan After(int failures, TimeSpan? most = null)
    {
        TimeSpan bound = most < Longest ? most.Value : Longest;
        TimeSpan whole = failures > 20 ? bound : First * Math.Pow(2, Math.Max(0, failures - 1));
        return (whole < bound ? whole : bound) * (0.75 + (0.25 * Random.Shared.NextDouble()));
    }
}
