namespace Qmtl.Cluster;

/// <summary>How whoever has lost a member waits for another one.</summary>
internal static class MemberLoss
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a cluster may be silent. It notices that a member is gone within some ten seconds, and a database may take a minute to
    /// restart.
    /// </summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(2);

    /// <summary>How long to wait before asking again.</summary>
    /// <param name="before">How many times it was asked in vain before this time.</param>
    public static TimeSpan Delay(int before) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestDelay.TotalMilliseconds, 200 * Math.Pow(2, before)));
}
