using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Keeps count of what each range of a request got, and tells when a range has its result. Ranges may overlap; a bar then
/// counts for each of them, so that each result is true by itself.
/// </summary>
internal sealed class RangeLedger
{
    private readonly StreamKey _stream;
    private readonly TimeProvider _timeProvider;
    private readonly long _created;
    private readonly Entry[] _entries;
    private readonly HashSet<FetchedPage> _open = [];

    // The furthest end among the entries up to an index: lets a search skip all that end before a page.
    private readonly long[] _furthestEnd;

    private TimeRangeSet? _missing;

    // What the store took to tell what it holds, for all ranges at once; null before it has.
    private TimeSpan? _planning;

    /// <summary>
    /// Opens the accounts of <paramref name="ranges"/>. Until the store has told what it holds, every bar counts as missing.
    /// </summary>
    public RangeLedger(StreamKey stream, IReadOnlyList<TimeRange> ranges, TimeProvider timeProvider)
    {
        _stream = stream;
        _timeProvider = timeProvider;
        _created = timeProvider.GetTimestamp();
        IEnumerable<TimeRange> ordered = ranges.Count == 1 ? ranges : ranges.OrderBy(range => range.Start);
        _entries = [.. ordered.Select(range => new Entry(range, range.CountBars(stream.Interval)))];
        _furthestEnd = new long[_entries.Length];
        long furthest = long.MinValue;
        for (int i = 0; i < _entries.Length; i++)
        {
            furthest = Math.Max(furthest, _entries[i].Range.End);
            _furthestEnd[i] = furthest;
        }
    }

    /// <summary>From the first bar of all ranges to the last one.</summary>
    public TimeRange Bounds => new(_entries[0].Range.Start, _furthestEnd[^1]);

    /// <summary>Notes what is missing and what is asked for, now that the store has told what it holds.</summary>
    public void SetMissing(TimeRangeSet missing, TimeRangeSet asked)
    {
        _planning = _timeProvider.GetElapsedTime(_created);
        _missing = missing;
        foreach (Entry entry in _entries)
        {
            entry.MissingAtStart = missing.Intersect(entry.Range).BarCount;
            entry.Outstanding = asked.Intersect(entry.Range).BarCount;
        }
    }

    /// <summary>Counts a repeated question to the store what it holds. It is for all ranges, and counts for the first.</summary>
    public void CountRetry() => _entries[0].Retries++;

    /// <summary>The results of ranges that are done without a request: nothing of them is missing.</summary>
    public List<BackfillResult> TakeFinished() => [.. _entries.Where(entry => !entry.Ended && entry.Outstanding == 0).Select(End)];

    /// <summary>
    /// Notes bars that nobody will ask for; returns the results of ranges that are done with it. A range that ends before the oldest bar
    /// that could be asked for has failed.
    /// </summary>
    /// <param name="bars">The bars; they are missing.</param>
    /// <param name="oldest">The oldest bar that could be asked for.</param>
    /// <param name="error">Why.</param>
    /// <param name="isPartly">Whether a range that has not failed loses some.</param>
    public List<BackfillResult> LeaveOut(TimeRangeSet bars, long oldest, Exception error, out bool isPartly)
    {
        isPartly = false;
        var results = new List<BackfillResult>();
        foreach (Entry entry in _entries.Where(entry => !entry.Ended))
        {
            long left = bars.Intersect(entry.Range).BarCount;
            entry.Error = left > 0 && entry.Range.End < oldest ? error : entry.Error;
            isPartly |= left > 0 && entry.Error is null;
            entry.Outstanding -= left;
            if (entry.Outstanding == 0)
            {
                results.Add(End(entry));
            }
        }

        return results;
    }

    /// <summary>Whether a planned request still serves a range that has not failed.</summary>
    public bool IsWanted(PlannedRequest planned) => ServedBy(planned).Any(entry => entry.Error is null);

    /// <summary>Notes that a page is about to be asked for; what it took counts also where it is never settled.</summary>
    public void Open(FetchedPage page) => _open.Add(page);

    /// <summary>
    /// Enters a page that is committed, or that failed and has its error; returns the results of ranges that are done with it.
    /// </summary>
    public List<BackfillResult> Settle(FetchedPage page)
    {
        _open.Remove(page);
        CountEffort(page);
        var results = new List<BackfillResult>();
        foreach (Entry entry in ServedBy(page.Planned))
        {
            foreach (BarPage answer in page.Answers)
            {
                long given = CountInside(answer.Frame.Timestamps, entry.Range);
                entry.Given += given;
                entry.Written += page.Written is null ? given : 0;
                entry.Filled += page.Written is null
                    ? given
                    : answer.Frame.ToRangeSet().Intersect(entry.Range).Intersect(_missing!.Intersect(page.Planned.Range)).BarCount;
                entry.Empty += answer.Empty.Intersect(entry.Range).BarCount;
            }

            entry.Written += page.Written?.Intersect(entry.Range).BarCount ?? 0;
            entry.Replaced += page.Replaced?.Intersect(entry.Range).BarCount ?? 0;

            entry.Error ??= page.Error;
            if (Discharge(entry, page.Planned) is { } result)
            {
                results.Add(result);
            }
        }

        return results;
    }

    /// <summary>Marks the ranges that a failed page served, ahead of <see cref="Settle"/>.</summary>
    public void Fail(FetchedPage page)
    {
        foreach (Entry entry in ServedBy(page.Planned))
        {
            entry.Error ??= page.Error;
        }
    }

    /// <summary>Ends all ranges that have no result yet: with an error, or as cancelled where they had not failed before.</summary>
    public List<BackfillResult> EndAll(Exception? error, bool cancelled)
    {
        foreach (FetchedPage page in _open)
        {
            CountEffort(page);
        }

        _open.Clear();
        var results = new List<BackfillResult>();
        foreach (Entry entry in _entries.Where(entry => !entry.Ended))
        {
            entry.Error ??= error;
            entry.Cancelled = cancelled;
            results.Add(End(entry));
        }

        return results;
    }

    private static long CountInside(ReadOnlySpan<long> ascending, TimeRange range)
    {
        int from = ascending.BinarySearch(range.Start);
        int to = ascending.BinarySearch(range.End);
        from = from < 0 ? ~from : from;
        to = to < 0 ? ~to : to + 1;
        return to - from;
    }

    // A page may serve several ranges. It was asked for once, so its requests count for one of them.
    private void CountEffort(FetchedPage page)
    {
        bool first = true;
        foreach (Entry entry in ServedBy(page.Planned))
        {
            if (first)
            {
                entry.Requests += page.Requests;
                entry.Retries += page.Retries;
                entry.Rejected = entry.Rejected.Plus(page.Rejected);
                first = false;
            }

            entry.Started = entry.Started < page.StartedAt ? entry.Started : page.StartedAt ?? entry.Started;
        }
    }

    private BackfillResult? Discharge(Entry entry, PlannedRequest planned)
    {
        entry.Outstanding -= planned.Missing.Intersect(entry.Range).BarCount;
        return entry.Outstanding == 0 && !entry.Ended ? End(entry) : null;
    }

    private IEnumerable<Entry> ServedBy(PlannedRequest planned)
    {
        TimeRange range = planned.Range;
        int index = Array.BinarySearch(_furthestEnd, range.Start);
        index = index < 0 ? ~index : index;

        // Equal ends may stand before the one that the search happened to hit.
        while (index > 0 && _furthestEnd[index - 1] >= range.Start)
        {
            index--;
        }

        for (; index < _entries.Length && _entries[index].Range.Start <= range.End; index++)
        {
            Entry entry = _entries[index];
            if (!entry.Ended && !planned.Missing.Intersect(entry.Range).IsEmpty)
            {
                yield return entry;
            }
        }
    }

    private BackfillResult End(Entry entry)
    {
        entry.Ended = true;
        long missing = entry.MissingAtStart - entry.Filled - entry.Empty;
        return new BackfillResult
        {
            Stream = _stream,
            Range = entry.Range,
            Status = entry switch
            {
                { Error: not null } => BackfillStatus.Failed,
                { Cancelled: true } => BackfillStatus.Cancelled,
                _ when missing > 0 => BackfillStatus.Partial,
                { Given: 0, Empty: > 0 } => BackfillStatus.Empty,
                _ => BackfillStatus.Completed,
            },
            BarsWritten = entry.Written,
            BarsReplaced = entry.Replaced,
            BarsEmpty = entry.Empty,
            BarsMissing = missing,
            Rejected = entry.Rejected,
            Requests = entry.Requests,
            Retries = entry.Retries,
            Duration = DurationOf(entry),
            Error = entry.Error,
        };
    }

    // The store is asked once for all ranges, and each of them waited for that. Between that and its first request a range waits for
    // others, which is no work on it.
    private TimeSpan DurationOf(Entry entry) => _planning is { } planning
        ? planning + (entry.Started is { } started ? _timeProvider.GetElapsedTime(started) : TimeSpan.Zero)
        : _timeProvider.GetElapsedTime(_created);

    private sealed class Entry(TimeRange range, long missing)
    {
        public TimeRange Range { get; } = range;

        public long MissingAtStart { get; set; } = missing;

        /// <summary>Missing bars whose planned requests have not come back yet.</summary>
        public long Outstanding { get; set; } = missing;

        /// <summary>Bars that the source gave.</summary>
        public long Given { get; set; }

        /// <summary>Those of them that had been missing.</summary>
        public long Filled { get; set; }

        public long Written { get; set; }

        public long Replaced { get; set; }

        public long Empty { get; set; }

        public RejectedRows Rejected { get; set; } = RejectedRows.None;

        public int Requests { get; set; }

        public int Retries { get; set; }

        /// <summary>When work on its first page began.</summary>
        public long? Started { get; set; }

        public Exception? Error { get; set; }

        public bool Cancelled { get; set; }

        public bool Ended { get; set; }
    }
}
