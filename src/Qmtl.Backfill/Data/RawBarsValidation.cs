using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>One pass over an answer: which rows can be stored, and which asked bars the answer says do not exist.</summary>
internal sealed class RawBarsValidation(RawBars raw, BarInterval interval, TimeRange asked, long lastClosedBar)
{
    private readonly int _rows = raw.Timestamps.Length;
    private readonly List<TimeRange> _doubtful = [];
    private RejectedRows _rejected = raw.Unreadable;
    private bool _before;
    private bool _after;

    public ValidatedBars Run()
    {
        if (IsCleanAsItIs())
        {
            BarFrame whole = BarFrame.FromChecked(interval, raw.Timestamps, raw.Columns);
            return new ValidatedBars(whole, _rejected, SilentBars(whole));
        }

        int[] kept = UniqueInOrder(ReadableRows());
        ReadOnlySpan<long> timestamps = raw.Timestamps.Span;
        long[] opens = new long[kept.Length];
        for (int i = 0; i < kept.Length; i++)
        {
            opens[i] = timestamps[kept[i]];
        }

        BarFrame frame = BarFrame.FromChecked(interval, opens, [.. raw.Columns.Select(column => column.Select(kept))]);
        return new ValidatedBars(frame, _rejected, SilentBars(frame));
    }

    // Almost every answer is in order and whole; it then costs a look at each value and no copy.
    private bool IsCleanAsItIs()
    {
        if (!raw.Nanoseconds.IsEmpty)
        {
            return false;
        }

        ReadOnlySpan<long> timestamps = raw.Timestamps.Span;
        long step = interval.Seconds;
        long previous = long.MinValue;
        foreach (long timestamp in timestamps)
        {
            bool follows = previous != long.MinValue && timestamp == previous + step;
            if ((!follows && (timestamp <= previous || !interval.IsOnGrid(timestamp))) || !asked.Contains(timestamp) || timestamp > lastClosedBar)
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

    private List<int> ReadableRows()
    {
        ReadOnlySpan<long> timestamps = raw.Timestamps.Span;
        long[] counts = new long[Enum.GetValues<RejectionReason>().Length];
        var readable = new List<int>(_rows);
        for (int row = 0; row < _rows; row++)
        {
            if (ReasonAgainst(row, timestamps[row]) is { } reason)
            {
                counts[(int)reason]++;
                NoteDoubt(reason, timestamps[row]);
            }
            else
            {
                readable.Add(row);
            }
        }

        foreach (RejectionReason reason in Enum.GetValues<RejectionReason>())
        {
            _rejected = _rejected.Plus(reason, counts[(int)reason]);
        }

        return readable;
    }

    private RejectionReason? ReasonAgainst(int row, long timestamp)
    {
        if (!asked.Contains(interval.Floor(timestamp)))
        {
            return RejectionReason.OutsideRange;
        }

        if (!interval.IsOnGrid(timestamp) || (!raw.Nanoseconds.IsEmpty && raw.Nanoseconds.Span[row] > 0))
        {
            return RejectionReason.OffGrid;
        }

        if (timestamp > lastClosedBar)
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
        if (reason == RejectionReason.OutsideRange)
        {
            _before |= timestamp < asked.Start;
            _after |= timestamp > asked.End;
            return;
        }

        // The source knows something about this bar, only not in a form that can be kept: it is missing, not empty.
        long open = interval.Floor(timestamp);
        _doubtful.Add(new TimeRange(open, open));
    }

    private int[] UniqueInOrder(List<int> readable)
    {
        ReadOnlySpan<long> timestamps = raw.Timestamps.Span;
        int[] rows = [.. readable];

        // Rows of one bar must stay in the order they came in, for the last one is taken; Array.Sort is not stable by itself.
        Array.Sort(rows, Comparer<int>.Create((a, b) =>
        {
            ReadOnlySpan<long> opens = raw.Timestamps.Span;
            int byTime = opens[a].CompareTo(opens[b]);
            return byTime != 0 ? byTime : a.CompareTo(b);
        }));

        int count = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            bool repeatedLater = i + 1 < rows.Length && timestamps[rows[i + 1]] == timestamps[rows[i]];
            if (!repeatedLater)
            {
                rows[count++] = rows[i];
            }
        }

        _rejected = _rejected.Plus(RejectionReason.Duplicate, rows.Length - count);
        return rows[..count];
    }

    private TimeRangeSet SilentBars(BarFrame frame)
    {
        // Rows that nobody could place may have been any of the asked bars.
        bool unplaced = raw.Unreadable.Total > 0;

        // Rows, but none of the asked: not an answer to the question, unless they lie on both sides of it.
        bool besideThePoint = frame.Count == 0 && (_before || _after) && !(_before && _after);
        TimeRange? about = raw.About is { } limits ? asked.Intersect(limits) : asked;
        if (unplaced || besideThePoint || about is not { } range)
        {
            return TimeRangeSet.Empty(interval);
        }

        var silent = new TimeRangeSet(interval, range).Subtract(frame.ToRangeSet());
        return _doubtful.Count == 0 ? silent : silent.Subtract(new TimeRangeSet(interval, _doubtful));
    }
}
