namespace Qmtl.Gateway.Watching;

/// <summary>How an <see cref="ActivationWatcher"/> keeps itself informed.</summary>
public sealed record ActivationWatcherOptions
{
    /// <summary>How often the gateway is asked about both sides, besides following its events.</summary>
    /// <value>15 seconds by default.</value>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a side stays as it is while the gateway's events are not followed and it does not answer about the side. Then the
    /// side is closed until the gateway says something about it again. After a connection that broke, a new one alone does not
    /// count: events may have been missed in between, so the gateway must also have said something about the side since.
    /// </summary>
    /// <value>60 seconds by default.</value>
    public TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long to wait before the first attempt to follow the events again; each further attempt waits twice as long.</summary>
    /// <value>1 second by default.</value>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts to follow the events.</summary>
    /// <value>8 seconds by default.</value>
    public TimeSpan LongestReconnectDelay { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// How often a quiet connection is tried with a ping, and how long its answer may take before the connection counts as broken. By the
    /// system's clock.
    /// </summary>
    /// <value>15 seconds by default.</value>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The most bytes that an event may have; longer ones are ignored.</summary>
    /// <value>1 MiB by default.</value>
    public int LongestMessage { get; init; } = 1024 * 1024;

    internal void Validate()
    {
        Require(PollInterval, nameof(PollInterval));
        Require(LongestSilence, nameof(LongestSilence));
        Require(ReconnectDelay, nameof(ReconnectDelay));
        Require(KeepAlive, nameof(KeepAlive));
        if (LongestReconnectDelay < ReconnectDelay)
        {
            throw new ArgumentOutOfRangeException(
                nameof(LongestReconnectDelay),
                LongestReconnectDelay,
                $"LongestReconnectDelay is at least ReconnectDelay, {ReconnectDelay}.");
        }

        if (LongestMessage < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(LongestMessage), LongestMessage, "LongestMessage must be positive.");
        }
    }

    private static void Require(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be positive, and at most a day.");
        }
    }
}
