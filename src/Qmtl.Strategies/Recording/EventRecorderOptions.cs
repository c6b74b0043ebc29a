using Qmtl.Backfill;

namespace Qmtl.Recording;

/// <summary>How an <see cref="EventRecorderService"/> works.</summary>
public sealed record EventRecorderOptions
{
    /// <summary>The least <see cref="SpoolLimit"/>, in bytes.</summary>
    public const int LeastLimit = 64 * 1024;

    /// <summary>As soon as so many rows wait, they are delivered; one batch holds about as many.</summary>
    /// <value>Null by default: what the recorder says, 50,000 for most stores. From 1 to 10,000,000.</value>
    public int? BatchRows { get; init; }

    /// <summary>The longest that a row waits for others before it is delivered.</summary>
    /// <value>One second by default; from 1 millisecond to 1 hour.</value>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The folder of all spools; each destination has a folder of its own in it.</summary>
    /// <value>Null by default: <c>qmtl/spool</c> in the user's state folder (<c>XDG_STATE_HOME</c>, or else <c>~/.local/state</c>; on
    /// Windows the local application data).</value>
    public string? SpoolFolder { get; init; }

    /// <summary>The most that the spool takes on disk, in bytes. Whoever records beyond it waits until rows are delivered.</summary>
    /// <value>256 MiB by default, some four million candles; at least 64 KiB. Each service has its own, also where several share a
    /// folder.</value>
    public long SpoolLimit { get; init; } = 256L * 1024 * 1024;

    /// <summary>The first delay before a recorder that is away is tried again; it doubles each time, with jitter.</summary>
    /// <value>200 milliseconds by default; from 1 millisecond to 5 minutes.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest delay between two tries.</summary>
    /// <value>15 seconds by default; from 1 millisecond to 1 hour.</value>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long <see cref="EventRecorderService.DisposeAsync"/> goes on delivering. What is left then stays in the spool.
    /// </summary>
    /// <value>30 seconds by default; from 0 to 1 hour.</value>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long <see cref="EventRecorderService.TryFlushAsync"/>, and with it the end of a replay, waits while the recorder takes nothing.
    /// </summary>
    /// <value>5 seconds by default; from 1 millisecond to 1 hour.</value>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The usual size of one file of the spool, in bytes; a quarter of the limit at most.</summary>
    internal int SegmentBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Checks every option against its limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside; the message names it and its limits.</exception>
    public void Validate()
    {
        OptionLimits.RequireBetween(BatchRows ?? 1, 1, 10_000_000, nameof(BatchRows));
        OptionLimits.RequireBetween(FlushInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(FlushInterval));
        OptionLimits.RequireBetween(SpoolLimit, LeastLimit, long.MaxValue, nameof(SpoolLimit));
        OptionLimits.RequireBetween(RetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(5), nameof(RetryDelay));
        OptionLimits.RequireBetween(MaxRetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(MaxRetryDelay));
        OptionLimits.RequireBetween(Patience, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(Patience));
        OptionLimits.RequireBetween(ShutdownTimeout, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(ShutdownTimeout));
    }
}
