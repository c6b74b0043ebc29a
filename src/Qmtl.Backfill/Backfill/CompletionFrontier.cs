using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Follows the bar up to which everything that was asked for is stored or known not to exist. Pages are planned in ascending order and
/// end in any; a bar that is still missing when its page has ended stops it for the rest of the run.
/// </summary>
/// <param name="missing">All bars to ask for.</param>
/// <param name="bounds">From the first asked bar to the last one.</param>
/// <param name="isBlocked">Whether the first missing bars are not asked for at all.</param>
internal sealed class CompletionFrontier(TimeRangeSet missing, TimeRange bounds, bool isBlocked = false)
{
    private readonly Dictionary<long, TimeRange> _ended = [];
    private readonly List<TimeRange> _asked = [];
    private readonly List<TimeRange> _left = [];
    private long _planned;
    private long _next;
    private bool _isBlocked = isBlocked;
    private long _complete = missing.IsEmpty ? bounds.End : missing.Interval.Previous(missing[0].Start);

    /// <summary>The bar; null where not even the first one is there.</summary>
    public long? CompleteUpTo => _complete >= bounds.Start ? _complete : null;

    /// <summary>The next page's place in the order of bars.</summary>
    public long Number() => _planned++;

    /// <summary>The bars that are still missing, with those of pages that have not ended.</summary>
    public TimeRangeSet Left() =>
        missing.Subtract(new TimeRangeSet(missing.Interval, _asked)).Union(new TimeRangeSet(missing.Interval, _left));

    /// <summary>Enters a page that has ended, with the answers of it that are committed.</summary>
    /// <returns>The bars that it has settled.</returns>
    public TimeRangeSet Add(FetchedPage page)
    {
        // Stored bars may be asked for, too; they are there whatever the source answers.
        TimeRangeSet asked = missing.Intersect(page.Planned.Range).Intersect(page.Planned.Missing);
        TimeRangeSet left = asked;
        foreach (BarPage answer in page.Answers)
        {
            left = left.Subtract(answer.Frame.ToRangeSet()).Subtract(answer.Empty);
        }

        // From the first bar that is left, or from after the page, to its end.
        long end = page.Planned.Missing.Bounds!.Value.End;
        _ended.Add(page.Number, new TimeRange(left.IsEmpty ? end : left.Interval.Previous(left[0].Start), end));
        while (!_isBlocked && _ended.Remove(_next, out TimeRange reached))
        {
            _next++;
            _complete = Math.Max(_complete, reached.Start);
            _isBlocked = reached.Start < reached.End;
        }

        _asked.Add(page.Planned.Range);
        _left.AddRange(left);
        return asked.Subtract(left);
    }

    /// <summary>Notes that all pages have ended: what lies after the last of them was stored before.</summary>
    public void End() => _complete = _isBlocked || _next < _planned ? _complete : bounds.End;
}
