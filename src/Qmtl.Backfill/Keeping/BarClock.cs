using Qmtl.Time;

namespace Qmtl.Keeping;

/// <summary>Waits for bars to close.</summary>
internal static class BarClock
{
    // A timer has a longest time, and the clock may be set meanwhile.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromHours(1);

    /// <summary>Waits until a bar has been closed for a while; returns at once where it has.</summary>
    /// <param name="interval">The bar's interval.</param>
    /// <param name="open">Its open: Unix seconds, UTC.</param>
    /// <param name="delay">How long after its close.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task WaitForCloseAsync(
        BarInterval interval, long open, TimeSpan delay, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        DateTimeOffset due = UnixTime.FromSeconds(interval.Next(open)) + delay;
        for (TimeSpan left = due - timeProvider.GetUtcNow(); left > TimeSpan.Zero; left = due - timeProvider.GetUtcNow())
        {
            await Task.Delay(left < LongestTimer ? left : LongestTimer, timeProvider, cancellationToken);
        }
    }
}
