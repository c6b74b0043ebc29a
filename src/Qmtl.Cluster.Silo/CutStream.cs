using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Time;

namespace Qmtl.Cluster.Silo;

/// <summary>A stream's ranges that are filled in pieces: puts together what became of each range.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="order">The same as it came.</param>
/// <param name="ranges">The ranges' closed bars.</param>
/// <param name="pieces">The pieces in which bars are missing, ascending.</param>
/// <param name="barsMissing">How many bars are missing.</param>
/// <param name="requests">How many requests they take at least.</param>
internal sealed class CutStream(
    BackfillRequest request,
    StreamOrder order,
    IReadOnlyList<TimeRange> ranges,
    IReadOnlyList<TimeRange> pieces,
    long barsMissing,
    long requests)
{
    private readonly Lock _gate = new();
    private readonly List<(TimeRange Range, HashSet<TimeRange> Left, List<BackfillResult> Parts)> _open =
    [
        .. ranges.Select(range => (range, pieces.Where(range.Overlaps).ToHashSet(), new List<BackfillResult>())),
    ];

    /// <summary>What is asked for.</summary>
    public BackfillRequest Request { get; } = request;

    /// <summary>The same as it came.</summary>
    public StreamOrder Order { get; } = order;

    /// <summary>The ranges' closed bars.</summary>
    public IReadOnlyList<TimeRange> Ranges { get; } = ranges;

    /// <summary>The pieces in which bars are missing, ascending.</summary>
    public IReadOnlyList<TimeRange> Pieces { get; } = pieces;

    /// <summary>How many bars are missing.</summary>
    public long BarsMissing { get; } = barsMissing;

    /// <summary>How many requests they take at least.</summary>
    public long Requests { get; } = requests;

    /// <summary>Takes what became of a range's part in a piece.</summary>
    public void Add(BackfillResult part)
    {
        lock (_gate)
        {
            // Where ranges overlap, the parts of both are alike; each takes the first that it lacks.
            foreach ((TimeRange range, _, List<BackfillResult> parts) in _open)
            {
                if (range.Overlaps(part.Range) && !parts.Exists(known => known.Range.Overlaps(part.Range)))
                {
                    parts.Add(part);
                    return;
                }
            }
        }
    }

    /// <summary>What became of the ranges that end with a piece; null for those that are left.</summary>
    public IReadOnlyList<BackfillResult> TakeEnded(TimeRange? piece)
    {
        lock (_gate)
        {
            List<BackfillResult> ended = [];
            foreach (var open in _open.ToArray())
            {
                if (piece is null || (open.Left.Remove(piece.Value) && open.Left.Count == 0))
                {
                    _open.Remove(open);
                    ended.Add(Join(open.Range, open.Parts));
                }
            }

            return ended;
        }
    }

    private BackfillResult Join(TimeRange range, List<BackfillResult> parts)
    {
        BackfillResult whole = parts.Aggregate(
            new BackfillResult { Stream = Request.Stream, Range = range, Status = BackfillStatus.Completed },
            static (sum, part) => sum.Plus(part) with { Duration = sum.Duration > part.Duration ? sum.Duration : part.Duration });
        return whole with
        {
            Status = parts.Exists(static part => part.Status == BackfillStatus.Failed) ? BackfillStatus.Failed
                : parts.Exists(static part => part.Status == BackfillStatus.Cancelled) ? BackfillStatus.Cancelled
                : whole.BarsMissing > 0 ? BackfillStatus.Partial
                : whole.BarsWritten == 0 && whole.BarsEmpty > 0 ? BackfillStatus.Empty
                : BackfillStatus.Completed,
        };
    }
}
