using Qmtl.Time;

namespace Qmtl.Telemetry;

/// <summary>
/// Since when each gap of one stream has been known, so that how long it stood can be told when it is filled. Whoever calls holds a lock.
/// </summary>
/// <param name="interval">The stream's interval.</param>
internal sealed class GapAges(BarInterval interval)
{
    // Those beyond are not timed: a stream with as many holes has other worries than how long each of them takes.
    private const int Most = 1000;

    private readonly List<(TimeRangeSet Left, long Seen)> _gaps = [];

    /// <summary>Notes what is missing, each unbroken run of it as one gap, as far as it is not known already.</summary>
    /// <param name="missing">The bars that are missing.</param>
    /// <param name="now">The clock's timestamp.</param>
    public void See(TimeRangeSet missing, long now)
    {
        foreach ((TimeRangeSet left, _) in _gaps)
        {
            missing = missing.Subtract(left);
        }

        _gaps.AddRange(missing.Take(Most - _gaps.Count).Select(gap => (new TimeRangeSet(interval, gap), now)));
    }

    /// <summary>Takes bars that are stored or known not to exist now.</summary>
    /// <returns>Since when those gaps have been known of which nothing is left; nothing where there is none.</returns>
    public long[] Settle(TimeRangeSet bars)
    {
        if (_gaps.Count == 0 || bars.Bounds is not { } bounds)
        {
            return [];
        }

        List<long>? closed = null;
        for (int i = _gaps.Count - 1; i >= 0; i--)
        {
            (TimeRangeSet left, long seen) = _gaps[i];
            if (!left.Bounds!.Value.Overlaps(bounds))
            {
                continue;
            }

            left = left.Subtract(bars);
            if (left.IsEmpty)
            {
                (closed ??= []).Add(seen);
                _gaps.RemoveAt(i);
            }
            else
            {
                _gaps[i] = (left, seen);
            }
        }

        return closed?.ToArray() ?? [];
    }
}
