namespace Qmtl.Caching;

// Where bars lie in the arrays, and how long those are.
internal sealed partial class BarBuffer
{
    private const int SmallestSlack = 32;
    private const int SlackOfFew = 256;
    private const int SmallestCapacity = 16;

    private int MaximumCapacity => (int)Math.Min(Array.MaxLength, (long)_period + Slack(_period));

    /// <summary>
    /// Whether a snapshot is being read. Until it is not, values are written to the arrays, but none is moved within them.
    /// </summary>
    public bool IsShared { get; set; }

    // With an eighth more than the period, a bar is moved eight times while it is held, and costs an eighth more memory. Of few
    // bars it may be a quarter: the memory is nothing there.
    private static int Slack(int bars) => Math.Max(bars / 8, Math.Clamp(bars / 4, SmallestSlack, SlackOfFew));

    private static long? Later(long? left, long? right) => left is null || right > left ? right : left;


    /// <summary>Remembers a bar that is not held because the period is full of newer ones.</summary>
    public void NoteDropped(long? open) => _newestDropped = Later(_newestDropped, open);

    private void DropOldest(int bars)
    {
        if (bars == 0)
        {
            return;
        }

        NoteDropped(_timestamps[_start + bars - 1]);
        foreach (BufferColumn column in _columns)
        {
            column.Clear(_start, bars);
        }

        _start += bars;
        Count -= bars;
    }

    // Sees to it that the arrays have room for so many bars more after the last.
    private void MakeRoom(int bars, bool mustMove = false)
    {
        int needed = Count + bars;
        int capacity = _timestamps.Length;
        if (_start + needed <= capacity && !(mustMove && IsShared))
        {
            return;
        }

        if (needed <= capacity && !IsShared && (capacity == MaximumCapacity || _start >= Slack(capacity)))
        {
            MoveDown();
        }
        else
        {
            long doubled = Math.Max(2L * capacity, SmallestCapacity);
            Relocate((int)Math.Max(needed, Math.Min(doubled, MaximumCapacity)));
        }
    }

    private void MoveDown()
    {
        Array.Copy(_timestamps, _start, _timestamps, 0, Count);
        Array.Copy(_live, _start, _live, 0, Count);
        foreach (BufferColumn column in _columns)
        {
            column.Move(_start, 0, Count);
            column.Clear(Count, _start);
        }

        _start = 0;
    }

    // To new arrays; whoever reads the old ones finds them as they were.
    private void Relocate(int capacity)
    {
        long[] timestamps = GC.AllocateUninitializedArray<long>(capacity);
        bool[] live = GC.AllocateUninitializedArray<bool>(capacity);
        Timestamps.CopyTo(timestamps);
        Live.CopyTo(live);
        foreach (BufferColumn column in _columns)
        {
            column.Relocate(_start, Count, capacity);
        }

        (_timestamps, _live, _start, IsShared) = (timestamps, live, 0, false);
    }
}
