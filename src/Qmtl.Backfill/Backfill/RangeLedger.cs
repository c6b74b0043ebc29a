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
    private readonly Entry[] _entries;

    // The furthest end among the entries up to an index: lets a search skip all that end before a page.
    private readonly long[] _furthestEnd;

    public RangeLedger(StreamKey stream, IReadOnlyList<TimeRange> ranges, TimeRangeSet missing, TimeProvider timeProvider)
    {
        _stream = stream;
        _timeProvider = timeProvider;
        _entries = [.. ranges.OrderBy(range => range.Start).Select(range => new Entry(range, missing.Intersect(range).BarCount))];
        _furthestEnd = new long[_entries.Length];
        long furthest = long.MinValue;
        for (int i = 0; i < _entries.Length; i++)
        {
            furthest = Math.Max(furthest, _entries[i].Range.End);
            _furthestEnd[i] = furthest;
        }
    }

    /// <summary>The results of ranges that are done without a request: nothing of them is missing.</summary>
    public List<BackfillResult> TakeFinished() => [.. _entries.Where(entry => !entry.Ended && entry.Outstanding == 0).Select(End)];

    /// <summary>Whether a planned request still serves a range that has not failed.</summary>
    public bool IsWanted(PlannedRequest planned) => ServedBy(planned).Any(entry => entry.Error is null);

    /// <summary>Notes when the first request for a range starts.</summary>
    public void Started(PlannedRequest planned)
    {
        foreach (Entry entry in ServedBy(planned))
        {
            entry.Started ??= _timeProvider.GetTimestamp();
        }
    }

    /// <summary>Enters a page that is committed, or that failed and has its error; returns the results of ranges that are done with it.</summary>
    public List<BackfillResult> Settle(FetchedPage page)
    {
        var results = new List<BackfillResult>();
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

            foreach (BarPage answer in page.Answers)
            {
                entry.Written += CountInside(answer.Frame.Timestamps, entry.Range);
                entry.Empty += answer.Empty.Intersect(entry.Range).BarCount;
            }

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
        long missing = entry.MissingAtStart - entry.Written - entry.Empty;
        return new BackfillResult
        {
            Stream = _stream,
            Range = entry.Range,
            Status = entry switch
            {
                { Error: not null } => BackfillStatus.Failed,
                { Cancelled: true } => BackfillStatus.Cancelled,
                _ when missing > 0 => BackfillStatus.Partial,
                { Written: 0, Empty: > 0 } => BackfillStatus.Empty,
                _ => BackfillStatus.Completed,
            },
            BarsWritten = entry.Written,
            BarsEmpty = entry.Empty,
            BarsMissing = missing,
            Rejected = entry.Rejected,
            Requests = entry.Requests,
            Retries = entry.Retries,
            Duration = entry.Started is { } started ? _timeProvider.GetElapsedTime(started) : TimeSpan.Zero,
            Error = entry.Error,
        };
    }

    private sealed class Entry(TimeRange range, long missing)
    {
        public TimeRange Range { get; } = range;

        public long MissingAtStart { get; } = missing;

        /// <summary>Missing bars whose planned requests have not come back yet.</summary>
        public long Outstanding { get; set; } = missing;

        public long Written { get; set; }

        public long Empty { get; set; }

        public RejectedRows Rejected { get; set; } = RejectedRows.None;

        public int Requests { get; set; }

        public int Retries { get; set; }

        public long? Started { get; set; }

        public Exception? Error { get; set; }

        public bool Cancelled { get; set; }

        public bool Ended { get; set; }
    }
}
