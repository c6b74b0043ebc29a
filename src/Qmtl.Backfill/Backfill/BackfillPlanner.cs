using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Turns missing bars into the fewest requests that can fetch them. Pure functions: no clock, no store, no source.</summary>
public static class BackfillPlanner
{
    /// <summary>The bars to ask for: those requested that are neither stored nor known to be empty.</summary>
    public static TimeRangeSet FindMissing(TimeRangeSet requested, TimeRangeSet covered, TimeRangeSet knownEmpty)
    {
        ArgumentNullException.ThrowIfNull(requested);
        return requested.Subtract(covered).Subtract(knownEmpty);
    }

    /// <summary>
    /// The requests, ascending, each spanning at most <paramref name="barsPerRequest"/> bars from its first to its last. A window laid
    /// greedily at the first bar not yet in one gives the fewest windows there can be. They are made one at a time as they are taken.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="barsPerRequest"/> is less than 1.</exception>
    public static IEnumerable<PlannedRequest> Plan(TimeRangeSet missing, int barsPerRequest)
    {
        ArgumentNullException.ThrowIfNull(missing);
        ArgumentOutOfRangeException.ThrowIfLessThan(barsPerRequest, 1);
        return Windows(missing, barsPerRequest)
            .Select(window => new PlannedRequest(window, missing.Intersect(window)));
    }

    /// <summary>How many requests <see cref="Plan"/> makes. It walks through all of them, which takes seconds where there are hundreds of millions.</summary>
    /// <param name="missing">The bars to ask for.</param>
    /// <param name="barsPerRequest">The most bars that a request spans.</param>
    /// <param name="cancellationToken">Ends the count.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="barsPerRequest"/> is less than 1.</exception>
    /// <exception cref="OperationCanceledException">The count was cancelled.</exception>
    public static long CountRequests(TimeRangeSet missing, int barsPerRequest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(missing);
        ArgumentOutOfRangeException.ThrowIfLessThan(barsPerRequest, 1);
        long count = 0;
        foreach (TimeRange _ in Windows(missing, barsPerRequest))
        {
            cancellationToken.ThrowIfCancellationRequested();
            count++;
        }

        return count;
    }

    private static IEnumerable<TimeRange> Windows(TimeRangeSet missing, int barsPerRequest)
    {
        int index = 0;
        long next = missing.IsEmpty ? 0 : missing[0].Start;
        while (index < missing.Count)
        {
            long start = next;
            long limit = missing.Interval.Add(start, barsPerRequest - 1);
            long last = start;
            while (index < missing.Count && Math.Max(next, missing[index].Start) <= limit)
            {
                last = Math.Min(limit, missing[index].End);
                next = missing.Interval.Next(last);
                if (last < missing[index].End)
                {
                    break;
                }

                index++;
            }

            yield return new TimeRange(start, last);
            next = index < missing.Count ? Math.Max(next, missing[index].Start) : next;
        }
    }
}
