using Qmtl.Data;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>How a <see cref="BackfillEngine"/> works. Every default suits a desk that fills minutes from an exchange.</summary>
public sealed record BackfillOptions
{
    /// <summary>The most requests to sources that run at once, over all streams.</summary>
    /// <value>4 by default; from 1 to 256.</value>
    public int ThrottleLimit { get; init; } = 4;

    /// <summary>How often a request, or a write, that failed for a passing reason is tried again.</summary>
    /// <value>3 by default; 0 turns retries off; at most 100.</value>
    public int MaxRetries { get; init; } = 3;

    /// <summary>
    /// The first delay before a retry; it doubles each time, with jitter. A source's <c>Retry-After</c> takes precedence where it is
    /// longer, and so do the seconds that a server needs to restart.
    /// </summary>
    /// <value>200 milliseconds by default.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// The longest <c>Retry-After</c> that is waited for. Where a source bans for longer, the range fails at once and says until when.
    /// </summary>
    /// <value>5 minutes by default.</value>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long after its close a bar must be before a source's "none" is believed for good. Sources publish late; a young bar that is
    /// not there yet stays missing and is asked for again.
    /// </summary>
    /// <value>Null by default: two intervals, at least one minute.</value>
    public TimeSpan? SettleTime { get; init; }

    /// <summary>Whether bars that the source is known not to have are asked for again.</summary>
    /// <value>False by default.</value>
    public bool RetryEmpty { get; init; }

    /// <summary>
    /// Whether also the bars that are stored, or known to be empty, are asked for again, and stored ones that differ are replaced: each
    /// with its entry in the store's trail. A bar that is stored and that the source does not have stays.
    /// </summary>
    /// <value>False by default.</value>
    public bool Force { get; init; }

    /// <summary>
    /// Whether also the stored bars of a request are asked for and compared as with <see cref="Force"/>, where at least one of its bars is
    /// missing.
    /// </summary>
    internal bool ComparesStored { get; init; }

    /// <summary>What becomes of a row that opens off the interval's grid.</summary>
    /// <value><see cref="OffGridRows.Refuse"/> by default.</value>
    public OffGridRows OffGrid { get; init; }

    /// <summary>Whether bars that the source is found not to have are remembered as empty; not of a file that is only a part.</summary>
    internal bool LearnsEmpty { get; init; } = true;

    /// <summary>What becomes of a bar that contradicts itself: a high below the low, a price of 0, a negative volume.</summary>
    /// <value><see cref="BadBars.Warn"/> by default.</value>
    public BadBars OnBadBar { get; init; }

    /// <summary>The most bars a request spans where the source does not say.</summary>
    /// <value>1,000 by default.</value>
    public int DefaultBarsPerRequest { get; init; } = 1000;

    /// <summary>
    /// The most bars that are held at once between sources and stores, over all streams: being fetched, waiting, being written. It
    /// bounds memory, at some 50 bytes for a bar of five numbers, and with it how large a commit can become where the source is
    /// faster than the store; a commit never waits for bars that are not there. A stream may always fetch one page.
    /// </summary>
    /// <value>500,000 by default, with which a process that fills ten million bars stays below 200 MB; from 1 to 100,000,000.</value>
    public int MaxBufferedBars { get; init; } = 500_000;

    /// <summary>
    /// The open of the last bar of <paramref name="interval"/> that is old enough at <paramref name="now"/> for a "none" to be believed:
    /// Unix seconds, UTC.
    /// </summary>
    public long LastSettledBar(BarInterval interval, DateTimeOffset now) =>
        interval.LastClosedBar(now - SettleTimeOf(interval));

    /// <summary><see cref="SettleTime"/>, or its default for bars of <paramref name="interval"/>.</summary>
    public TimeSpan SettleTimeOf(BarInterval interval) =>
        SettleTime ?? TimeSpan.FromSeconds(Math.Max(60, 2 * interval.Duration.TotalSeconds));

    /// <summary>Checks every option against its limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside; the message names it and its limits.</exception>
    public void Validate()
    {
        OptionLimits.RequireBetween(ThrottleLimit, 1, 256, nameof(ThrottleLimit));
        OptionLimits.RequireBetween(MaxRetries, 0, 100, nameof(MaxRetries));
        OptionLimits.RequireBetween(DefaultBarsPerRequest, 1, 1_000_000, nameof(DefaultBarsPerRequest));
        OptionLimits.RequireBetween(MaxBufferedBars, 1, 100_000_000, nameof(MaxBufferedBars));
        OptionLimits.RequireBetween(RetryDelay, TimeSpan.Zero, TimeSpan.FromMinutes(5), nameof(RetryDelay));
        OptionLimits.RequireBetween(MaxRetryAfter, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(MaxRetryAfter));
        if (!Enum.IsDefined(OffGrid))
        {
            throw new ArgumentOutOfRangeException(nameof(OffGrid), OffGrid, "OffGrid must be Refuse or Floor.");
        }

        if (!Enum.IsDefined(OnBadBar))
        {
            throw new ArgumentOutOfRangeException(nameof(OnBadBar), OnBadBar, "OnBadBar must be Warn, Store or Refuse.");
        }

        OptionLimits.RequireBetween(SettleTime ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(3650), nameof(SettleTime));
    }
}
