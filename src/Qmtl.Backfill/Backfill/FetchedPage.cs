using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Backfill;

/// <summary>What came of one planned request, on its way from the source to the store.</summary>
internal sealed class FetchedPage(PlannedRequest planned)
{
    public PlannedRequest Planned { get; } = planned;

    /// <summary>The checked answers; more than one where the source cut an answer short and was asked for the rest.</summary>
    public List<BarPage> Answers { get; } = [];

    public RejectedRows Rejected { get; set; } = RejectedRows.None;

    public int Requests { get; set; }

    public int Retries { get; set; }

    /// <summary>What ended it early, or null. Answers that came before are kept.</summary>
    public Exception? Error { get; set; }

    public long BarCount => Answers.Sum(answer => (long)answer.Frame.Count);

    /// <summary>The open of the last bar that came, or null where none did.</summary>
    public long? LastBar => Answers.Max(answer => answer.Frame.Bounds?.End);

    public long EmptyCount => Answers.Sum(answer => answer.Empty.BarCount);
}
