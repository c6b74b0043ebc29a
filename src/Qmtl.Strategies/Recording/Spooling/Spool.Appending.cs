namespace Qmtl.Recording.Spooling;

/// <content>Appending: records, and the segment that takes them.</content>
internal sealed partial class Spool
{
    private const int MostRowsInRecord = 4096;

    private readonly ShapeTable _shapes = new();
    private readonly RecordBuffer _definition = new();
    private readonly RecordBuffer _record = new();
    private readonly int _segmentBytes;
    private long _writingNumber;

    /// <summary>Appends rows as far as there is room, and advances over them.</summary>
    /// <returns>Whether all are appended; otherwise <see cref="WaitForRoom"/> comes before the next try.</returns>
    /// <exception cref="ObjectDisposedException">The spool is closed.</exception>
    /// <exception cref="ArgumentException">A row alone is larger than the spool may become.</exception>
    public bool TryAppend(ref RecordedRows rows)
    {
        bool wasFull;
        Exception? diskError;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(EventRecorderService));
            wasFull = _isFull;
            diskError = DiskError;
            RowShape shape = _shapes.Find(rows.Stream, rows.Columns);
            while (rows.Count > 0 && TryAppendRecord(ref rows, shape))
            {
            }

            if (rows.Count == 0 && diskError == DiskError)
            {
                return true;
            }

            if (rows.Count > 0)
            {
                _isFull = true;
                _room.Expect();
            }
        }

        Tell(diskError, wasFull);
        return rows.Count == 0;
    }

    private bool TryAppendRecord(ref RecordedRows rows, RowShape shape)
    {
        int count = Math.Min(rows.Count, MostRowsInRecord);
        long most = _segmentBytes - Segment.HeaderBytes;
        long size = rows.SizeOf(shape, count);
        while (size > most && count > 1)
        {
            count /= 2;
            size = rows.SizeOf(shape, count);
        }

        bool fits = _writing is not null && shape.WrittenTo == _writingNumber && _writing.HasRoomFor(size);
        if (!fits && !TryMakeRoom(shape, size))
        {
            return false;
        }

        rows.Encode(shape, count, _record);
        _writing!.Append(_record.Written);
        _writing.Rows += count;
        Appended += count;
        rows.Advance(count);
        return true;
    }

    // Makes sure that the shape is defined in the segment being written, and that rows of it fit behind.
    private bool TryMakeRoom(RowShape shape, long size)
    {
        shape.Encode(_definition);
        long needed = size + _definition.Written.Length;
        if (_writing is null || !_writing.HasRoomFor(needed))
        {
            long capacity = Math.Max(_segmentBytes, Segment.HeaderBytes + needed);
            if (capacity > Math.Min(_options.SpoolLimit, Array.MaxLength))
            {
                throw new ArgumentException($"A row of {shape.Stream} takes {needed} bytes, more than the whole spool may ({_options.SpoolLimit}). Record less in one row, or raise {nameof(EventRecorderOptions.SpoolLimit)}.");
            }

            DropEmptyWriting();
            if (_storage.TryCreate((int)capacity) is not { } segment)
            {
                return false;
            }

            _isFull = false;
            _writing = segment;
            _writingNumber++;
            _segments.AddLast(segment);
        }

        if (shape.WrittenTo != _writingNumber)
        {
            _writing.Append(_definition.Written);
            shape.WrittenTo = _writingNumber;
        }

        return true;
    }

    // No batch will hold any of it again, so nothing else would let go of it; and the next segment may need its room.
    private void DropEmptyWriting()
    {
        if (_writing is { IsEmpty: true } written)
        {
            _writing = null;
            Remove(written);
            written.Delete();
        }
    }

    private void Tell(Exception? diskErrorBefore, bool wasFull)
    {
        if (DiskError is { } error && error != diskErrorBefore)
        {
            OnUnavailable(error);
        }

        if (_isFull && !wasFull)
        {
            OnFull(_storage.DiskBytes + _storage.MemoryBytes);
        }
    }
}
