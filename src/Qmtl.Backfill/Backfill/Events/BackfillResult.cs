using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// What became of one range: of its backfill, of its load into a stream's cache, of a warm-up. All counts are of this run: a run that finds
/// everything in place counts nothing.
/// </summary>
public record BackfillResult
{
    /// <summary>The stream.</summary>
    public required StreamKey Stream { get; init; }

    /// <summary>The bars that were to be completed, by their opens (Unix seconds, UTC), both ends included.</summary>
    public required TimeRange Range { get; init; }

    /// <summary>How it ended.</summary>
    public required BackfillStatus Status { get; init; }

    /// <summary>
    /// Bars merged into a cache; not more than it can hold, and without those that it held already. 0 for a backfill, and of a warm-up
    /// those of the window that the cache holds.
    /// </summary>
    public long BarsLoaded { get; init; }

    /// <summary>
    /// Bars written to the store, as far as it confirmed them; where the <see cref="Error"/> says so, it may have kept more.
    /// </summary>
    public long BarsWritten { get; init; }

    /// <summary>
    /// Those of <see cref="BarsWritten"/> that were stored with other values before; 0 unless stored bars were asked for again
    /// (<see cref="BackfillOptions.Force"/>).
    /// </summary>
    public long BarsReplaced { get; init; }

    /// <summary>
    /// Bars for which the source answered that there is none, and which are now remembered as empty; of a load those too of which that was
    /// known.
    /// </summary>
    public long BarsEmpty { get; init; }

    /// <summary>Rows of the source's answers that could not be stored.</summary>
    public long BarsRejected => Rejected.Total;

    /// <summary>The same by reason.</summary>
    public RejectedRows Rejected { get; init; } = RejectedRows.None;

    /// <summary>Bars that are still missing; all bars of the range where it ended before the store could tell what it holds.</summary>
    public long BarsMissing { get; init; }

    /// <summary>
    /// Requests made to the source, with those that were tried again or whose answer was not committed any more. A request that served
    /// several ranges counts for the first of them; one that was not sent (the source wants to be left alone, or has no such bars) counts
    /// for none.
    /// </summary>
    public int Requests { get; init; }

    /// <summary>
    /// How many requests to the source and the store were tries after a failure. Those of a question for several ranges count for the first
    /// of them.
    /// </summary>
    public int Retries { get; init; }

    /// <summary>
    /// How long the store took to tell what it holds, and from the start of the range's first request to its end. Waiting for a turn behind
    /// other requests and ranges does not count.
    /// </summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why bars could not be filled, for people: there is no source to ask. Null otherwise.</summary>
    public string? Obstacle { get; init; }

    /// <summary>What went wrong, or null. Its message is written for an operator.</summary>
    public Exception? Error { get; init; }

    /// <summary>
    /// This and what became of another range of the same whole: counts add up, and the first error and obstacle stay. Status and range are
    /// this one's.
    /// </summary>
    internal BackfillResult Plus(BackfillResult part) => this with
    {
        BarsWritten = BarsWritten + part.BarsWritten,
        BarsReplaced = BarsReplaced + part.BarsReplaced,
        BarsEmpty = BarsEmpty + part.BarsEmpty,
        BarsMissing = BarsMissing + part.BarsMissing,
        Rejected = Rejected.Plus(part.Rejected),
        Requests = Requests + part.Requests,
        Retries = Retries + part.Retries,
        Error = Error ?? part.Error,
        Obstacle = Obstacle ?? part.Obstacle,
    };
}
