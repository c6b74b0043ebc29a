using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// One pass over an answer: which rows can be stored, what is wrong with the others, and what the answer says of bars without a row.
/// </summary>
internal sealed class RawBarsValidation(RawBars raw, BarInterval interval, TimeRange asked, long lastClosedBar, OffGridRows offGrid)
{
    private readonly int _rows = raw.Timestamps.Length;
    private readonly List<TimeRange> _doubtful = [];
    private RejectedRows _rejected = raw.Unreadable;
    private TimeRange? _reach;
    private int _before;
    private int _after;

    public ValidatedBars Run()
    {
        if (IsCleanAsItIs())
        {
            BarFrame whole = BarFrame.FromChecked(interval, raw.Timestamps, raw.Columns);
            _reach = whole.Bounds;
            return Judge(whole, EvidentInterval.Find(whole.Timestamps, interval));
        }

        // A row that is taken as the bar that it lies in opens where that bar does.
        long[] opens = raw.Timestamps.ToArray();
        int[] kept = UniqueInOrder(ReadableRows(opens), opens);
        BarFrame frame = BarFrame.FromChecked(
            interval, Array.ConvertAll(kept, row => opens[row]), [.. raw.Columns.Select(column => column.Select(kept))]);
        return Judge(frame, EvidentInterval.Find(TimesInside(), interval));
    }

    private ValidatedBars Judge(BarFrame frame, BarInterval? other)
    {
        TimeRangeSet told = frame.ToRangeSet();
        told = _doubtful.Count == 0 ? told : told.Union(new TimeRangeSet(interval, _doubtful));
        (TimeRangeSet silent, TimeRangeSet unreached) = AnswerEvidence.Of(raw, interval, asked, _reach, told);
        return new ValidatedBars(frame, _rejected, silent)
        {
            Unreached = unreached,
            RowsBefore = _before,
            RowsAfter = _after,
            EvidentInterval = other,
        };
    }

    // Almost every answer is in order and whole; it then costs a look at each value and no copy.
    private bool IsCleanAsItIs()
    {
        if (!raw.Nanoseconds.IsEmpty)
        {
            return false;
        }

        ReadOnlySpan<long> timestamps = raw.Timestamps.Span;
        long stride = interval.Stride;
        long previous = long.MinValue;
        foreach (long timestamp in timestamps)
        {
            bool follows = previous != long.MinValue && timestamp == previous + stride;
            bool isPlaced = follows || (timestamp > previous && interval.IsOnGrid(timestamp));
            if (!isPlaced || !asked.Contains(timestamp) || IsForming(timestamp))
            {
                return false;
            }

            previous = timestamp;
        }

        // Rows of nothing but a time would mark their bars as stored and keep a better source from ever filling them.
        if (_rows > 0 && raw.Columns.Count == 0)
        {
            return false;
        }

        foreach (BarColumn column in raw.Columns)
        {
            if (column.HasNulls || (column is BarColumn<double> numbers && !AllFinite(numbers.Values.Span)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AllFinite(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    private List<int> ReadableRows(long[] opens)
    {
        long[] counts = new long[Enum.GetValues<RejectionReason>().Length];
        string? offGridExample = null;
        var readable = new List<int>(_rows);
        HashSet<long> crowded = offGrid == OffGridRows.Floor ? BarsOfSeveralRows() : [];
        for (int row = 0; row < _rows; row++)
        {
            long timestamp = opens[row];
            NoteReach(timestamp);
            bool isOffGrid = IsOffGrid(row);
            if (isOffGrid && offGrid == OffGridRows.Floor && !crowded.Contains(interval.Floor(timestamp)))
            {
                (opens[row], isOffGrid) = (interval.Floor(timestamp), false);
            }

            if (ReasonAgainst(row, opens[row], isOffGrid) is { } reason)
            {
                counts[(int)reason] += reason == RejectionReason.OutsideRange && raw.ProvesByRowsOnly ? 0 : 1;
                NoteDoubt(reason, timestamp);
                offGridExample ??= reason == RejectionReason.OffGrid ? RowExample.OffGrid(interval, timestamp, Rest(row), offGrid) : null;
            }
            else
            {
                readable.Add(row);
            }
        }

        foreach (RejectionReason reason in Enum.GetValues<RejectionReason>())
        {
            _rejected = _rejected.Plus(reason, counts[(int)reason], reason == RejectionReason.OffGrid ? offGridExample : null);
        }

        return readable;
    }

    private HashSet<long> BarsOfSeveralRows() =>
        [.. raw.Timestamps.ToArray().GroupBy(interval.Floor).Where(static rows => rows.Skip(1).Any()).Select(static rows => rows.Key)];

    private int Rest(int row) => raw.Nanoseconds.IsEmpty ? 0 : raw.Nanoseconds.Span[row];

    private bool IsForming(long timestamp) => timestamp > lastClosedBar || timestamp >= raw.FormingFrom;

    private bool IsOffGrid(int row) => Rest(row) > 0 || !interval.IsOnGrid(raw.Timestamps.Span[row]);

    // A row far outside is no neighbour of the asked bars, and nothing lies between it and them that the answer would have passed over.
    private void NoteReach(long timestamp)
    {
        long bars = interval.CountBetween(asked.Start, asked.End);
        long open = interval.Floor(timestamp);
        _before += open < asked.Start ? 1 : 0;
        _after += open > asked.End ? 1 : 0;
        if (open < interval.Add(asked.Start, -bars) || open > interval.Add(asked.End, bars))
        {
            return;
        }

        _reach = _reach is { } reach ? new TimeRange(Math.Min(reach.Start, open), Math.Max(reach.End, open)) : new TimeRange(open, open);
    }

    private long[] TimesInside()
    {
        long[] inside = [.. raw.Timestamps.ToArray().Where(timestamp => asked.Contains(interval.Floor(timestamp)))];
        Array.Sort(inside);
        return inside;
    }

    private RejectionReason? ReasonAgainst(int row, long timestamp, bool isOffGrid)
    {
        if (!asked.Contains(interval.Floor(timestamp)))
        {
            return RejectionReason.OutsideRange;
        }

        if (isOffGrid)
        {
            return RejectionReason.OffGrid;
        }

        if (IsForming(timestamp))
        {
            return RejectionReason.StillForming;
        }

        bool anyValue = false;
        foreach (BarColumn column in raw.Columns)
        {
            if (column.IsNull(row))
            {
                continue;
            }

            anyValue = true;
            if (column is BarColumn<double> numbers && !double.IsFinite(numbers.Values.Span[row]))
            {
                return RejectionReason.NotANumber;
            }
        }

        return anyValue ? null : RejectionReason.NoPayload;
    }

    private void NoteDoubt(RejectionReason reason, long timestamp)
    {
        // The source knows something about this bar, only not in a form that can be kept: it is missing, not empty.
        if (reason != RejectionReason.OutsideRange)
        {
            long open = interval.Floor(timestamp);
            _doubtful.Add(new TimeRange(open, open));
        }
    }

    private int[] UniqueInOrder(List<int> readable, long[] opens)
    {
        int[] rows = [.. readable];

        // Rows of one bar must stay in the order they came in, for the last one is taken; Array.Sort is not stable by itself.
        Array.Sort(rows, (a, b) => opens[a].CompareTo(opens[b]) is var byTime and not 0 ? byTime : a.CompareTo(b));

        int count = 0;
        for (int end = 1, start = 0; end <= rows.Length; end++)
        {
            if (end < rows.Length && opens[rows[end]] == opens[rows[start]])
            {
                continue;
            }

            int taken = rows[end - 1];
            for (; start < end - 1; start++)
            {
                string? contradiction = RowExample.Contradiction(raw, rows[start], taken);
                _rejected = _rejected.Plus(
                    contradiction is null ? RejectionReason.Duplicate : RejectionReason.Contradiction, 1, contradiction);
            }

            rows[count++] = taken;
            start = end;
        }

        return rows[..count];
    }
}

/// <summary>What becomes of a row that opens off the interval's grid.</summary>
public enum OffGridRows
{
    /// <summary>It is not taken, and its bar stays missing in every run until the source has a right one.</summary>
    Refuse,

    /// <summary>It is taken as the bar that it lies in, where the answer has no other row in that bar; otherwise it is refused.</summary>
    Floor,
}
