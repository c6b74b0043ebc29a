using Qmtl.Data;

namespace Qmtl.Caching;

// Bars of history.
internal sealed partial class BarBuffer
{
    /// <summary>The bars of a frame that can be among the newest of the period.</summary>
    /// <param name="bars">The frame.</param>
    /// <param name="dropped">The newest of its other bars.</param>
    public BarFrame Trim(BarFrame bars, out long? dropped)
    {
        int useless = Math.Max(0, bars.Count - _period);
        if (IsReady)
        {
            int older = bars.Timestamps.BinarySearch(_timestamps[_start]);
            useless = Math.Max(useless, older < 0 ? ~older : older);
        }

        dropped = useless == 0 ? null : bars.Timestamps[useless - 1];
        return useless == 0 ? bars : bars.Slice(useless, bars.Count - useless);
    }

    /// <summary>Merges a frame in these arrays, at the cost of its bars and of the held ones that are newer than its first.</summary>
    /// <param name="bars">The frame, not empty.</param>
    /// <param name="taken">How many of its bars were taken.</param>
    /// <returns>False where nothing was done, because more would have to be dropped than is held before the frame.</returns>
    /// <exception cref="InvalidOperationException">A column has a type that does not go with the held one. Nothing has changed.</exception>
    public bool TryMergeInPlace(BarFrame bars, out int taken)
    {
        int first = CountBefore(bars.Timestamps[0]);
        MergePlan plan = MergePlan.Of(Timestamps[first..], Live[first..], bars.Timestamps);
        int excess = Math.Max(0, first + plan.Length - _period);
        taken = plan.Taken;
        if (excess > first)
        {
            return false;
        }

        Bind(bars.Columns);
        DropOldest(excess);
        first -= excess;
        int moved = Count - first;
        MakeRoom(plan.Length - moved, mustMove: true);
        int position = _start + first;
        int end = position + plan.Length;
        for (int i = 0; i < _columns.Length; i++)
        {
            _columns[i].Copy(plan.Runs, _columns[i].AsSource(position, moved), _sources[i], end);
        }

        plan.Copy(_timestamps.AsSpan(position, moved), bars.Timestamps, _timestamps.AsSpan(position, plan.Length));
        plan.CopyLive(_live.AsSpan(position, moved), _live.AsSpan(position, plan.Length));
        Count = first + plan.Length;
        Unbind();
        return true;
    }

    /// <summary>The bars as they are, not copied.</summary>
    public HeldBars Snapshot() => new(
        _timestamps.AsMemory(_start, Count),
        _live.AsMemory(_start, Count),
        Array.ConvertAll(_columns, column => column.AsSource(_start, Count)),
        _newestDropped);

    /// <summary>A new buffer of a snapshot and a frame.</summary>
    /// <param name="series">The series.</param>
    /// <param name="period">How many bars it holds at most.</param>
    /// <param name="held">What it held.</param>
    /// <param name="bars">What is merged in.</param>
    /// <param name="taken">How many bars of the frame are in it.</param>
    /// <inheritdoc cref="TryMergeInPlace" path="/exception"/>
    public static BarBuffer Merge(StreamKey series, int period, HeldBars held, BarFrame bars, out int taken)
    {
        ColumnPair[] pairs = ColumnPairing.Pair(series, held.Columns, [.. bars.Columns.Select(ColumnSource.Of)]);
        MergePlan plan = MergePlan.Of(held.Timestamps.Span, held.Live.Span, bars.Timestamps);
        var built = new BarBuffer(series, period) { _newestDropped = held.NewestDropped };
        if (plan.KeepNewest(period) is { } dropped)
        {
            built.NoteDropped(dropped.IsIncoming ? bars.Timestamps[dropped.Start] : held.Timestamps.Span[dropped.Start]);
        }

        int capacity = plan.Length == period ? built.MaximumCapacity : Math.Min(built.MaximumCapacity, plan.Length + Slack(plan.Length));
        built.Relocate(capacity);
        built._columns = Array.ConvertAll(pairs, pair => pair.CreateColumn(capacity));
        for (int i = 0; i < pairs.Length; i++)
        {
            built._columns[i].Copy(plan.Runs, pairs[i].Held, pairs[i].Incoming, plan.Length);
        }

        plan.Copy(held.Timestamps.Span, bars.Timestamps, built._timestamps.AsSpan(0, plan.Length));
        plan.CopyLive(held.Live.Span, built._live.AsSpan(0, plan.Length));
        built.Count = plan.Length;
        taken = plan.Taken;
        return built;
    }

    /// <summary>Puts live bars of another buffer here, by their opens; those that it does not hold any more are left out.</summary>
    /// <inheritdoc cref="TryMergeInPlace" path="/exception"/>
    public void PutAll(IReadOnlyCollection<long> opens, BarBuffer from)
    {
        NoteDropped(from._newestDropped);
        if (opens.Count == 0)
        {
            return;
        }

        Bind(Array.ConvertAll(from._columns, column => column.AsSource(from._start, from.Count)));
        foreach (long open in opens)
        {
            int row = from.Timestamps.BinarySearch(open);
            if (row >= 0)
            {
                Put(open, row);
            }
        }

        Unbind();
    }
}
