namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Knows how long a server has been away. One that answered a moment ago is most likely restarting, which takes seconds; it is
/// worth more patience than a deadlock, and more than a server that was never there.
/// </summary>
internal sealed class ServerOutage(TimeProvider timeProvider)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private bool _wasReached;
    private long? _started;

    /// <summary>The server answered.</summary>
    public void End()
    {
        lock (_lock)
        {
            _wasReached = true;
            _started = null;
        }
    }

    /// <summary>
    /// The server did not answer, or broke off; gives the least time to leave it alone, null where there is nothing to wait for.
    /// </summary>
    public TimeSpan? Note()
    {
        lock (_lock)
        {
            _started ??= timeProvider.GetTimestamp();
            return _wasReached && timeProvider.GetElapsedTime(_started.Value) < Patience ? RetryInterval : null;
        }
    }
}
