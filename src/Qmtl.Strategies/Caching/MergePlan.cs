namespace Qmtl.Caching;

/// <summary>A run of rows that stay side by side in a merge.</summary>
/// <param name="IsIncoming">Whether the rows come from the frame; otherwise they are held already.</param>
/// <param name="Start">The first row, counted as the plan's maker counted.</param>
/// <param name="Length">How many rows.</param>
internal readonly record struct MergeRun(bool IsIncoming, int Start, int Length);

/// <summary>
/// Which rows of two ascending lists of bars make the merged list, in order. Of two rows of one bar the incoming one is taken,
/// unless the held one is live.
/// </summary>
internal sealed class MergePlan
{
    private MergeRun[] _runs = [];
    private int _count;

    /// <summary>The rows that make the merged list, ascending.</summary>
    public ReadOnlySpan<MergeRun> Runs => _runs.AsSpan(0, _count);

    /// <summary>How many bars the merged list has.</summary>
    public int Length { get; private set; }

    /// <summary>How many of them come from the frame.</summary>
    public int Taken { get; private set; }

    /// <summary>Compares held bars and incoming ones, both ascending by their opens.</summary>
    public static MergePlan Of(ReadOnlySpan<long> held, ReadOnlySpan<bool> live, ReadOnlySpan<long> incoming)
    {
        var plan = new MergePlan();
        int left = 0;
        int right = 0;
        while (left < held.Length && right < incoming.Length)
        {
            int start = left;
            long next = incoming[right];
            while (left < held.Length && held[left] < next)
            {
                left++;
            }

            plan.Add(isIncoming: false, start, left - start);
            if (left == held.Length)
            {
                break;
            }

            start = right;
            long stop = held[left];
            while (right < incoming.Length && incoming[right] < stop)
            {
                right++;
            }

            if (right < incoming.Length && incoming[right] == stop)
            {
                plan.Add(isIncoming: true, start, right - start);
                plan.Add(isIncoming: !live[left], live[left] ? left : right, 1);
                left++;
                right++;
            }
            else
            {
                plan.Add(isIncoming: true, start, right - start);
            }
        }

        plan.Add(isIncoming: false, left, held.Length - left);
        plan.Add(isIncoming: true, right, incoming.Length - right);
        return plan;
    }

    /// <summary>Leaves out the oldest bars so that at most <paramref name="limit"/> are left.</summary>
    /// <returns>The newest of those left out, a run of one row, or null where all are kept.</returns>
    public MergeRun? KeepNewest(int limit)
    {
        int excess = Length - limit;
        int dropped = 0;
        MergeRun? newest = null;
        while (excess > 0)
        {
            MergeRun run = _runs[dropped];
            int cut = Math.Min(excess, run.Length);
            Length -= cut;
            Taken -= run.IsIncoming ? cut : 0;
            excess -= cut;
            newest = new MergeRun(run.IsIncoming, run.Start + cut - 1, 1);
            if (cut == run.Length)
            {
                dropped++;
            }
            else
            {
                _runs[dropped] = run with { Start = run.Start + cut, Length = run.Length - cut };
            }
        }

        _runs.AsSpan(dropped, _count - dropped).CopyTo(_runs);
        _count -= dropped;
        return newest;
    }

    /// <summary>
    /// Lays the rows side by side, the last first: <paramref name="held"/> may be the beginning of <paramref name="merged"/>.
    /// </summary>
    public void Copy(ReadOnlySpan<long> held, ReadOnlySpan<long> incoming, Span<long> merged)
    {
        int end = Length;
        for (int i = _count - 1; i >= 0; i--)
        {
            MergeRun run = _runs[i];
            end -= run.Length;
            (run.IsIncoming ? incoming : held).Slice(run.Start, run.Length).CopyTo(merged[end..]);
        }
    }

    /// <summary>The same for the marks of live bars, which no incoming bar is.</summary>
    public void CopyLive(ReadOnlySpan<bool> held, Span<bool> merged)
    {
        int end = Length;
        for (int i = _count - 1; i >= 0; i--)
        {
            MergeRun run = _runs[i];
            end -= run.Length;
            Span<bool> target = merged.Slice(end, run.Length);
            if (run.IsIncoming)
            {
                target.Clear();
            }
            else
            {
                held.Slice(run.Start, run.Length).CopyTo(target);
            }
        }
    }

    private void Add(bool isIncoming, int start, int length)
    {
        if (length == 0)
        {
            return;
        }

        Length += length;
        Taken += isIncoming ? length : 0;
        if (_count > 0 && _runs[_count - 1] is var last && last.IsIncoming == isIncoming && last.Start + last.Length == start)
        {
            _runs[_count - 1] = last with { Length = last.Length + length };
            return;
        }

        if (_count == _runs.Length)
        {
            Array.Resize(ref _runs, Math.Max(16, 2 * _count));
        }

        _runs[_count++] = new MergeRun(isIncoming, start, length);
    }
}

/// <summary>How far a large merge is.</summary>
internal enum MergePhase
{
    /// <summary>The held bars are about to be read.</summary>
    Reading,

    /// <summary>The new arrays are complete, but nobody sees them yet.</summary>
    Built,
}
