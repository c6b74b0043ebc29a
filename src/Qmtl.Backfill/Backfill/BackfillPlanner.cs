using Qmtl.Fetching;
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

    /// <summary>From the first range's start to the last one's end; null where there is no range.</summary>
    internal static TimeRange? BoundsOf(IReadOnlyList<TimeRange> ranges) => ranges.Count switch
    {
        0 => null,
        1 => ranges[0],
        _ => new TimeRange(ranges.Min(range => range.Start), ranges.Max(range => range.End)),
    };

    /// <summary>
    /// The ranges on the grid and without bars that have not closed (such a bar is still forming: it is not missing), and those of which
    /// nothing is left.
    /// </summary>
    internal static (List<TimeRange> Open, List<TimeRange> WithoutBars) SplitByBars(
        BarInterval interval, IReadOnlyList<TimeRange> ranges, DateTimeOffset now)
    {
        var open = new List<TimeRange>();
        var withoutBars = new List<TimeRange>();
        long lastClosed = interval.LastClosedBar(now);
        foreach (TimeRange range in ranges)
        {
            if (range.Start <= lastClosed && new TimeRange(range.Start, Math.Min(range.End, lastClosed)).AlignTo(interval) is { } bars)
            {
                open.Add(bars);
            }
            else
            {
                withoutBars.Add(range);
            }
        }

        return (open, withoutBars);
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
        return Plan(missing, _ => barsPerRequest);
    }

    /// <summary>
    /// As <see cref="Plan(TimeRangeSet, int)"/>, where the most bars of a request depend on the bar with which it begins.
    /// </summary>
    internal static IEnumerable<PlannedRequest> Plan(TimeRangeSet missing, Func<long, int> barsFrom) =>
        Windows(missing, barsFrom).Select(window => new PlannedRequest(window, missing.Intersect(window)));

    /// <summary>
    /// How many requests <see cref="Plan(TimeRangeSet, int)"/> makes. It walks through all of them, which takes seconds where there are
    /// hundreds of millions.
    /// </summary>
    /// <param name="missing">The bars to ask for.</param>
    /// <param name="barsPerRequest">The most bars that a request spans.</param>
    /// <param name="cancellationToken">Ends the count.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="barsPerRequest"/> is less than 1.</exception>
    /// <exception cref="OperationCanceledException">The count was cancelled.</exception>
    public static long CountRequests(TimeRangeSet missing, int barsPerRequest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(missing);
        ArgumentOutOfRangeException.ThrowIfLessThan(barsPerRequest, 1);
        return CountRequests(missing, _ => barsPerRequest, cancellationToken);
    }

    /// <summary>How many requests <see cref="Plan(TimeRangeSet, Func{long, int})"/> makes.</summary>
    internal static long CountRequests(TimeRangeSet missing, Func<long, int> barsFrom, CancellationToken cancellationToken)
    {
        long count = 0;
        foreach (TimeRange _ in Windows(missing, barsFrom))
        {
            cancellationToken.ThrowIfCancellationRequested();
            count++;
        }

        return count;
    }

    /// <summary>
    /// The requests, ascending: the files that <see cref="ChooseFiles"/> chose, and windows for what is in none of them.
    /// </summary>
    internal static IEnumerable<PlannedRequest> Plan(TimeRangeSet missing, IReadOnlyList<TimeRange> files, Func<long, int> barsFrom)
    {
        TimeRangeSet others = missing.Subtract(new TimeRangeSet(missing.Interval, files));
        using IEnumerator<PlannedRequest> windows = Plan(others, barsFrom).GetEnumerator();
        bool isOpen = windows.MoveNext();
        foreach (TimeRange file in files)
        {
            for (; isOpen && windows.Current.Range.Start < file.Start; isOpen = windows.MoveNext())
            {
                yield return windows.Current;
            }

            yield return new PlannedRequest(file, missing.Intersect(file)) { IsFile = true };
        }

        for (; isOpen; isOpen = windows.MoveNext())
        {
            yield return windows.Current;
        }
    }

    /// <summary>
    /// The files that are worth it, ascending. A row costs the same wherever it comes from, and a request as much as a full page of rows,
    /// so that a file is taken where that is less than what windows over its missing bars cost, and less than its parts. Only windows that
    /// would reach over a file's ends are not looked at: the plan makes at most one request more for each end than the best there is.
    /// </summary>
    /// <param name="missing">The bars to ask for.</param>
    /// <param name="files">What there is, ascending.</param>
    /// <param name="barsFrom">The most bars of a request that begins at a bar.</param>
    internal static List<TimeRange> ChooseFiles(TimeRangeSet missing, IReadOnlyList<BulkFile> files, Func<long, int> barsFrom)
    {
        List<TimeRange> chosen = [];
        foreach (BulkFile file in files)
        {
            chosen.AddRange(Cheapest(missing, file, barsFrom).Files);
        }

        return chosen;
    }

    private static (long Cost, IReadOnlyList<TimeRange> Files) Cheapest(TimeRangeSet missing, BulkFile file, Func<long, int> barsFrom)
    {
        TimeRangeSet part = missing.Intersect(file.Span);
        if (part.IsEmpty)
        {
            return (0, []);
        }

        long page = barsFrom(file.Span.Start);
        long asWindows = Windows(part, barsFrom).Sum(window => page + window.CountBars(missing.Interval));
        long asFile = (file.Requests * page) + file.Span.CountBars(missing.Interval);
        long asParts = long.MaxValue;
        List<TimeRange> parts = [];
        if (file.Parts.Count > 0)
        {
            asParts = 0;
            foreach (BulkFile smaller in file.Parts)
            {
                (long cost, IReadOnlyList<TimeRange> files) = Cheapest(part, smaller, barsFrom);
                asParts += cost;
                parts.AddRange(files);
            }
        }

        return asWindows <= asFile && asWindows <= asParts ? (asWindows, [])
            : asFile <= asParts ? (asFile, [file.Span])
            : (asParts, parts);
    }

    private static IEnumerable<TimeRange> Windows(TimeRangeSet missing, Func<long, int> barsFrom)
    {
        int index = 0;
        long next = missing.IsEmpty ? 0 : missing[0].Start;
        while (index < missing.Count)
        {
            long start = next;
            long limit = missing.Interval.Add(start, barsFrom(start) - 1);
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

/// <summary>One request that a plan makes of a source.</summary>
/// <param name="Range">What is asked for, from the first missing bar to the last that fits, both included; stored ones may lie
/// between.</param>
/// <param name="Missing">The bars for whose sake it is asked; not empty.</param>
public sealed record PlannedRequest(TimeRange Range, TimeRangeSet Missing)
{
    /// <summary>Whether <see cref="Range"/> is that of a file of the source; false by default.</summary>
    public bool IsFile { get; init; }
}
