using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Caching;

/// <summary>The bars that a node cache holds of one upstream, shared by threads that append, merge and read.</summary>
/// <remarks>
/// One lock guards the buffer. A small merge is done under it. A large one reads the buffer's arrays without the lock, builds new
/// arrays, and takes the lock again only to bring the live bars over that came meanwhile and to exchange the buffers.
/// </remarks>
internal sealed class CachedSeries
{
    /// <summary>As many bars are merged under the lock: well under a millisecond.</summary>
    public const int DefaultInPlaceLimit = 16_384;

    private readonly int _period;
    private readonly long _stride;
    private readonly int _inPlaceLimit;
    private readonly BackfillState _state;
    private readonly Lock _gate = new();
    private readonly Lock _mergeGate = new();
    private readonly double[] _number = new double[1];
    private readonly ColumnSource<double> _numberSource;

    // The live bars that came since a merge began to read, or null while none does.
    private List<long>? _arrivals;
    private BarBuffer _bars;
    private volatile bool _isDropped;

    public CachedSeries(NodeCache cache, StreamKey key, int inPlaceLimit)
    {
        (Key, _period, _state, _inPlaceLimit) = (key, cache.Period, cache.State, inPlaceLimit);
        _stride = key.Interval.Stride;
        _bars = new BarBuffer(key, _period);
        _numberSource = new ColumnSource<double>(Payload.ValueColumn, _number, 0, 1, null);
        View = new SeriesView(cache, this);
    }

    public StreamKey Key { get; }

    /// <summary>Whether nothing is taken in any more.</summary>
    public bool IsDropped => _isDropped;

    /// <summary>The buffer itself, not guarded: a small merge goes on in it. For where nobody writes.</summary>
    public BarBuffer Bars => Volatile.Read(ref _bars);

    /// <summary>The series as compute functions see it.</summary>
    public SeriesView View { get; }

    /// <summary>Called in a large merge before the bars are read and again after, without a lock: tests let bars arrive here.</summary>
    internal Action<MergePhase>? Merging { get; set; }

    /// <summary>Puts a live bar in its place; false where the series has been dropped.</summary>
    /// <param name="timestamp">Any instant of the bar.</param>
    /// <param name="payload">The bar.</param>
    /// <param name="newer">The newest bar's open where that is newer than this bar's; null where this one is the newest.</param>
    public bool Append(long timestamp, Payload payload, out long? newer)
    {
        lock (_gate)
        {
            newer = null;
            if (_isDropped)
            {
                return false;
            }

            BarBuffer bars = _bars;
            int row = Bind(bars, payload, out bool isLastRow);
            long? newest = bars.LastTimestamp;
            long open = FloorOf(timestamp, newest);
            newer = newest > open ? newest : null;
            if (bars.Put(open, row) && _arrivals is { } arrivals && (arrivals.Count == 0 || arrivals[^1] != open))
            {
                arrivals.Add(open);
            }

            // A frame that has been read to its end must not be kept in memory by what was matched to it.
            if (isLastRow)
            {
                bars.Unbind();
            }

            return true;
        }
    }

    /// <summary>Merges history and enters its ranges; returns how many bars were taken.</summary>
    public int Merge(BarFrame bars)
    {
        TimeRangeSet ranges = bars.ToRangeSet();
        lock (_mergeGate)
        {
            BarBuffer held;
            HeldBars snapshot;
            BarFrame useful;
            long? older;
            lock (_gate)
            {
                held = _bars;
                useful = held.Trim(bars, out older);
                int affected = useful.Count == 0 ? 0 : useful.Count + held.Count - held.CountBefore(useful.Timestamps[0]);
                if (affected <= _inPlaceLimit)
                {
                    return MergeUnderLock(held, useful, older, ranges);
                }

                held.IsShared = true;
                snapshot = held.Snapshot();
                _arrivals = [];
            }

            try
            {
                Merging?.Invoke(MergePhase.Reading);
                var built = BarBuffer.Merge(Key, _period, snapshot, useful, out int taken);
                Merging?.Invoke(MergePhase.Built);
                lock (_gate)
                {
                    built.PutAll(_arrivals, held);
                    Exchange(built, older, ranges);
                }

                return taken;
            }
            finally
            {
                lock (_gate)
                {
                    held.IsShared = false;
                    _arrivals = null;
                }
            }
        }
    }

    /// <summary>Takes the lock for a read that must not allocate; it is held until the scope is disposed.</summary>
    public Lock.Scope Enter(out BarBuffer bars)
    {
        Lock.Scope scope = _gate.EnterScope();
        bars = _bars;
        return scope;
    }

    /// <summary>Reads under the lock.</summary>
    public T Read<T>(Func<BarBuffer, T> read)
    {
        lock (_gate)
        {
            return read(_bars);
        }
    }

    /// <summary>Frees the bars and forgets the ranges. What is appended from now on goes to a new series.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            _isDropped = true;
            _bars = new BarBuffer(Key, _period);
            _state.Forget(Key);
        }
    }

    private int MergeUnderLock(BarBuffer held, BarFrame bars, long? older, TimeRangeSet ranges)
    {
        BarBuffer merged = held;
        int taken = 0;
        if (bars.Count > 0 && !held.TryMergeInPlace(bars, out taken))
        {
            // Little is held before the frame, or all of it would not have to be dropped: new arrays are cheap.
            merged = BarBuffer.Merge(Key, _period, held.Snapshot(), bars, out taken);
        }

        Exchange(merged, older, ranges);
        return taken;
    }

    private void Exchange(BarBuffer bars, long? older, TimeRangeSet ranges)
    {
        if (_isDropped)
        {
            return;
        }

        bars.NoteDropped(older);
        Volatile.Write(ref _bars, bars);
        _state.MarkComplete(Key, ranges);
    }

    private int Bind(BarBuffer bars, Payload payload, out bool isLastRow)
    {
        isLastRow = false;
        switch (payload.Kind)
        {
            case PayloadKind.Bar:
                BarRow bar = payload.Bar;
                bars.Bind(bar.Columns);
                isLastRow = bar.Index == bar.Frame.Count - 1;
                return bar.Index;
            case PayloadKind.Number:
                _number[0] = payload.Number;
                bars.Bind(_numberSource);
                return 0;
            default:
                bars.Bind(ColumnSource.Of(Payload.ValueColumn, payload.ToObject()!));
                return 0;
        }
    }

    // The bar after the newest and the newest itself are by far the most frequent, and need no division.
    private long FloorOf(long timestamp, long? newest) =>
        newest is { } last && (timestamp == last || timestamp == last + _stride) ? timestamp : Key.Interval.Floor(timestamp);
}
