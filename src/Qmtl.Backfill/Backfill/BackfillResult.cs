using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>What became of one range. All counts are of this run: a run that finds everything in place counts nothing.</summary>
public sealed record BackfillResult
{
    /// <summary>The stream.</summary>
    public required StreamKey Stream { get; init; }

    /// <summary>The bars that were to be completed, by their opens (Unix seconds, UTC), both ends included.</summary>
    public required TimeRange Range { get; init; }

    /// <summary>How it ended.</summary>
    public required BackfillStatus Status { get; init; }

    /// <summary>Bars written to the store.</summary>
    public long BarsWritten { get; init; }

    /// <summary>Bars for which the source answered that there is none, and which are now remembered as empty.</summary>
    public long BarsEmpty { get; init; }

    /// <summary>Rows of the source's answers that could not be stored.</summary>
    public long BarsRejected => Rejected.Total;

    /// <summary>The same by reason.</summary>
    public RejectedRows Rejected { get; init; } = RejectedRows.None;

    /// <summary>Bars that are still missing; all bars of the range where it ended before the store could tell what it holds.</summary>
    public long BarsMissing { get; init; }

    /// <summary>Requests made to the source, with those that were tried again. A request that served several ranges counts for the first of them.</summary>
    public int Requests { get; init; }

    /// <summary>How many of the requests and writes were tries after a failure.</summary>
    public int Retries { get; init; }

    /// <summary>From the start of the range's first request to its end; zero where nothing had to be asked.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What went wrong, or null. Its message is written for an operator.</summary>
    public Exception? Error { get; init; }
}
