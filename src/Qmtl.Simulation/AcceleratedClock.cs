namespace Qmtl.Simulation;

/// <summary>
/// A clock that begins anywhere and runs a number of times as fast as the system's, for an exchange and all that follows it.
/// </summary>
/// <param name="start">The time of day when it is made.</param>
/// <param name="factor">How many of its seconds pass in a real one; above 0.</param>
public sealed class AcceleratedClock(DateTimeOffset start, double factor) : TimeProvider
{
    private readonly long _began = System.GetTimestamp();

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => start + (System.GetElapsedTime(_began) * factor);

    /// <inheritdoc/>
    public override long GetTimestamp() => (long)((System.GetTimestamp() - _began) * factor);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, Shorten(dueTime), Shorten(period)), this);

    private TimeSpan Shorten(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;

    private sealed class Timer(ITimer timer, AcceleratedClock clock) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(clock.Shorten(dueTime), clock.Shorten(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
