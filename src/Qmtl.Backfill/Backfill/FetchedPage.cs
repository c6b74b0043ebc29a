using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>One planned request and what comes of it, on its way from the source to the store.</summary>
/// <param name="planned">The request.</param>
/// <param name="mostBars">The most bars that can come of it.</param>
internal sealed class FetchedPage(PlannedRequest planned, long mostBars)
{
    // What is kept of a page besides its bars takes about as much memory as some dozens of them.
    private const int WeightWithoutBars = 32;

    public PlannedRequest Planned { get; } = planned;

    /// <summary>Its place among the pages of its run, in the order of their bars, from 0.</summary>
    public long Number { get; init; }

    /// <summary>How many bars the page counts for in a <see cref="BarBudget"/>: those that it can bring, and some for itself.</summary>
    public long Weight { get; } = WeightWithoutBars + mostBars;

    /// <summary>The checked answers; more than one where the source cut an answer short and was asked for the rest.</summary>
    public List<BarPage> Answers { get; } = [];

    public RejectedRows Rejected { get; set; } = RejectedRows.None;

    /// <summary>
    /// When work on it began, as a timestamp of the clock; null before. Waiting for a turn among other requests is no work on it.
    /// </summary>
    public long? StartedAt { get; set; }

    public int Requests { get; set; }

    public int Retries { get; set; }

    /// <summary>What ended it early, or null. Answers that came before are kept.</summary>
    public Exception? Error { get; set; }

    /// <summary>The bars that a revision wrote, which are not all that came; null where all of them were written.</summary>
    public TimeRangeSet? Written { get; set; }

    /// <summary>Those of them that were stored with other values before; null where none was.</summary>
    public TimeRangeSet? Replaced { get; set; }

    public long BarCount => Written?.BarCount ?? Answers.Sum(answer => (long)answer.Frame.Count);

    public long EmptyCount => Answers.Sum(answer => answer.Empty.BarCount);
}
