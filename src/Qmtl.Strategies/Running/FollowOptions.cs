using Qmtl.Backfill;
using Qmtl.Keeping;
using Qmtl.Strategies;

namespace Qmtl.Running;

/// <summary>What a run of a <see cref="Runner"/> follows that goes on with new bars, and how.</summary>
public sealed record FollowOptions
{
    /// <summary>
    /// The first instant that is replayed before new bars come: everything from there on is completed first, and read page by page.
    /// </summary>
    /// <value>Null, the default: of each stream as many bars as its period.</value>
    public DateTimeOffset? Start { get; init; }

    /// <summary>The last instant that is followed, inside: the run ends by itself with the bars that open there.</summary>
    /// <value>Null, the default: it goes on until it is stopped.</value>
    public DateTimeOffset? End { get; init; }

    /// <summary>
    /// How long other streams wait for a bar that is neither there nor known not to exist, from when it is asked for, two seconds after its
    /// close. Then it is told in a warning. Where newer bars of the same stream are there, the bar is a hole, which means what
    /// <see cref="OnMissing"/> says; where there are none, bars of other streams that have waited so long go on without the stream until it
    /// has caught up. What comes later still is recorded, and computed unless newer bars of its stream have been.
    /// </summary>
    /// <value>30 seconds by default; from 0 to 1 day.</value>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What tells of new bars, where something else in the process keeps the streams complete.</summary>
    /// <value>
    /// Null, the default: the run completes the streams' providers itself, bar by bar; those that have no source it only looks at.
    /// </value>
    public IBarWatch? Watch { get; init; }

    /// <summary>
    /// Told of the run when its streams are warmed up, before its first result: what it has processed so far can be read from it at any
    /// time. It must return quickly and not throw.
    /// </summary>
    /// <value>Null by default.</value>
    public Action<StrategyRun>? OnStarted { get; init; }

    /// <summary>Checks every option against its limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside; the message names it and its limits.</exception>
    internal void Validate()
    {
        OptionLimits.RequireBetween(Patience, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(Patience));
        if (End < Start)
        {
            throw new ArgumentOutOfRangeException(
                nameof(End), End, $"{nameof(End)} must not be before {nameof(Start)}, which is {Start:u}.");
        }
    }
}
