using Qmtl.Data;

namespace Qmtl.Caching;

// Live bars: first the columns are matched to what comes in, once for many rows; then rows are copied without looking at names.
internal sealed partial class BarBuffer
{
    // What each column copies from, or null where it gets nulls; and the same in the order in which it came.
    private ColumnSource?[] _sources = [];
    private ColumnSource[] _incoming = [];

    // What the columns are matched to: a list of a frame's columns, or a single source.
    private object? _boundTo;
    private bool _canRebind;

    /// <summary>
    /// Reads rows of a frame with these columns from now on. Frames of the same columns, one after the other, cost no memory.
    /// </summary>
    /// <exception cref="InvalidOperationException">A column has a type that does not go with the held one. Nothing has changed.</exception>
    public void Bind(IReadOnlyList<BarColumn> columns)
    {
        if (ReferenceEquals(columns, _boundTo))
        {
            return;
        }

        if (!TryRebind(columns))
        {
            Bind([.. columns.Select(ColumnSource.Of)]);
            _canRebind = Array.TrueForAll(_incoming, source => Array.IndexOf(_sources, source) >= 0);
        }

        _boundTo = columns;
    }

    /// <summary>Reads rows of one column from now on.</summary>
    /// <inheritdoc cref="Bind(IReadOnlyList{BarColumn})" path="/exception"/>
    public void Bind(ColumnSource single)
    {
        if (!ReferenceEquals(single, _boundTo))
        {
            Bind([single]);
            _boundTo = Array.IndexOf(_sources, single) >= 0 ? single : null;
        }
    }

    /// <summary>Lets go of what the rows were read from, which may be a long history.</summary>
    public void Unbind()
    {
        _boundTo = null;
        if (_canRebind)
        {
            Array.ForEach(_incoming, source => source.Release());
        }
        else
        {
            (_sources, _incoming) = ([], []);
        }
    }

    /// <summary>Copies a row of what is bound to its place, as a live bar; false where it is older than all of a full period.</summary>
    public bool Put(long open, int row)
    {
        int position = Place(open);
        if (position < 0)
        {
            return false;
        }

        _live[position] = true;
        BufferColumn[] columns = _columns;
        ColumnSource?[] sources = _sources;
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i].CopyRow(sources[i], row, position);
        }

        return true;
    }

    private bool TryRebind(IReadOnlyList<BarColumn> columns)
    {
        _boundTo = null;
        if (!_canRebind || _incoming.Length != columns.Count)
        {
            return false;
        }

        for (int i = 0; i < _incoming.Length; i++)
        {
            if (!_incoming[i].TryRebind(columns[i]))
            {
                return false;
            }
        }

        return true;
    }

    private void Bind(ColumnSource[] incoming)
    {
        ColumnSource[] held = Array.ConvertAll(_columns, column => column.AsSource(_start, Count));
        ColumnPair[] pairs = ColumnPairing.Pair(_series, held, incoming);
        var columns = new BufferColumn[pairs.Length];
        for (int i = 0; i < pairs.Length; i++)
        {
            bool isUnchanged = i < held.Length && ReferenceEquals(pairs[i].Held, held[i]);
            columns[i] = isUnchanged ? _columns[i] : pairs[i].CreateColumn(_timestamps.Length);
            if (!isUnchanged)
            {
                columns[i].Copy(pairs[i].Held, 0, _start, Count);
            }
        }

        _columns = columns;
        _sources = Array.ConvertAll(pairs, pair => pair.Incoming);
        _incoming = incoming;
        _boundTo = null;
        _canRebind = false;
    }

    // The position for the bar that opens then, made free where there is none yet; negative where it is too old to be held.
    private int Place(long open)
    {
        if (Count > 0 && open <= _timestamps[_start + Count - 1])
        {
            int index = CountBefore(open);
            return _timestamps[_start + index] == open ? _start + index : Insert(index, open);
        }

        if (Count == _period)
        {
            DropOldest(1);
        }

        if (_start + Count == _timestamps.Length)
        {
            MakeRoom(1);
        }

        int position = _start + Count++;
        _timestamps[position] = open;
        return position;
    }

    private int Insert(int index, long open)
    {
        if (Count == _period)
        {
            if (index == 0)
            {
                NoteDropped(open);
                return -1;
            }

            DropOldest(1);
            index--;
        }

        MakeRoom(1, mustMove: true);
        int position = _start + index;
        int moved = Count - index;
        Array.Copy(_timestamps, position, _timestamps, position + 1, moved);
        Array.Copy(_live, position, _live, position + 1, moved);
        foreach (BufferColumn column in _columns)
        {
            column.Move(position, position + 1, moved);
        }

        Count++;
        _timestamps[position] = open;
        return position;
    }
}
