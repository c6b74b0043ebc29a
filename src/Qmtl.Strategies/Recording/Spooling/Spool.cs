namespace Qmtl.Recording.Spooling;

/// <summary>
/// The queue of recorded rows: segments, the oldest first, of which the last is written. Any number of threads append; one task takes
/// batches from the front and says when they are delivered.
/// </summary>
internal sealed class Spool
{
    private const int MostRowsInRecord = 4096;

    private readonly Lock _lock = new();
    private readonly LinkedList<Segment> _segments = [];
    private readonly ShapeTable _shapes = new();
    private readonly RecordBuffer _definition = new();
    private readonly RecordBuffer _record = new();
    private readonly SpoolRoom _room = new();
    private readonly SpoolFolder _folder;
    private readonly SegmentStorage _storage;
    private readonly EventRecorderOptions _options;
    private readonly int _segmentBytes;
    private Segment? _writing;
    private long _writingNumber;
    private bool _isFull;
    private bool _isClosed;

    public Spool(SpoolFolder folder, EventRecorderOptions options)
    {
        _folder = folder;
        _storage = new SegmentStorage(folder, options);
        _options = options;
        _segmentBytes = (int)Math.Min(options.SegmentBytes, Math.Min(options.SpoolLimit, options.MemoryLimit) / 4);
    }

    /// <summary>Told, outside of any lock, that the spool cannot be written, and why.</summary>
    public required Action<Exception> OnUnavailable { private get; init; }

    /// <summary>Told, outside of any lock, that the spool has reached its limit, and how many bytes it takes.</summary>
    public required Action<long> OnFull { private get; init; }

    /// <summary>Where its files are.</summary>
    public string FolderPath => _folder.FullPath;

    /// <summary>Rows appended so far.</summary>
    public long Appended { get; private set; }

    /// <summary>Why segments are in memory; null where the disk takes them.</summary>
    public Exception? DiskError => _storage.DiskError;

    /// <summary>Rows that are not delivered, those of them that are on disk, and the bytes that files take.</summary>
    public (long Rows, long RowsOnDisk, long BytesOnDisk) Count()
    {
        lock (_lock)
        {
            return (_segments.Sum(segment => segment.Rows), _segments.Where(segment => segment.IsOnDisk).Sum(segment => segment.Rows), _storage.DiskBytes);
        }
    }

    /// <summary>Takes over what processes left that are no more, and refused rows where the options say so. It is delivered before anything else.</summary>
    public SpoolAdoption Adopt()
    {
        SpoolAdoption adoption = SpoolAdoption.Of(_folder, _options.RetryRefused);
        lock (_lock)
        {
            foreach (AdoptedSegment segment in adoption.Segments.Reverse())
            {
                if (segment.IsEmpty)
                {
                    segment.Delete();
                }
                else
                {
                    _segments.AddFirst(segment);
                    _storage.Add(segment);
                }
            }
        }

        return adoption;
    }

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

    /// <inheritdoc cref="SpoolRoom.Wait"/>
    public void WaitForRoom(CancellationToken cancellationToken) => _room.Wait(cancellationToken);

    /// <inheritdoc cref="SpoolRoom.WaitAsync"/>
    public Task WaitForRoomAsync(CancellationToken cancellationToken) => _room.WaitAsync(cancellationToken);

    /// <summary>
    /// The oldest rows that are not delivered, about so many; null where there are none. Records that cannot be understood are passed over,
    /// and the batch says so.
    /// </summary>
    public RowBatch? TakeBatch(int rows)
    {
        List<(Segment Segment, int End)> segments;
        lock (_lock)
        {
            segments = [.. _segments.Select(segment => (segment, segment.End))];
        }

        try
        {
            return Read(segments, new RowBatch(rows));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Rows of several records become one frame, so which of them it was is found by reading each alone.
            return Read(segments, new CarefulRowBatch(rows));
        }
    }

    /// <summary>Says that a batch is delivered, and lets go of the segments that it empties.</summary>
    public void Complete(RowBatch batch)
    {
        List<Segment> empty;
        lock (_lock)
        {
            foreach ((Segment segment, int offset, long rows) in batch.Places)
            {
                segment.SetDelivered(offset);
                segment.Rows -= rows;
            }

            // The segment being written may take all the room that there is.
            bool isRoomExpected = _room.IsExpected;
            empty = [.. _segments.Where(segment => segment.IsEmpty && (segment != _writing || isRoomExpected))];
            if (_writing is not null && empty.Contains(_writing))
            {
                _writing = null;
            }

            empty.ForEach(Remove);

            if (empty.Count > 0)
            {
                _isFull = false;
                _room.Announce();
            }
        }

        empty.ForEach(segment => segment.Delete());
    }

    /// <summary>Takes no more rows. Whoever waits for room is told that there is none to come.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _room.Announce();
        }
    }

    /// <summary>Lets go of all files. What is not delivered stays on disk; what was in memory goes there where it can.</summary>
    /// <returns>Rows that are lost.</returns>
    public long Release()
    {
        long lost = 0;
        lock (_lock)
        {
            foreach (Segment segment in _segments.ToArray())
            {
                if (segment.IsEmpty)
                {
                    Remove(segment);
                    segment.Delete();
                }
                else if (segment is MemorySegment memory && !_storage.TrySave(memory))
                {
                    lost += memory.Rows;
                    Remove(segment);
                }

                segment.Dispose();
            }

            _storage.Recount(_segments);
        }

        _folder.Release();

        return lost;
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

    private void Remove(Segment segment)
    {
        _segments.Remove(segment);
        _storage.Remove(segment);
    }

    private static RowBatch? Read(List<(Segment Segment, int End)> segments, RowBatch batch)
    {
        foreach ((Segment segment, int end) in segments)
        {
            if (batch.IsFull)
            {
                break;
            }

            batch.Read(segment, end);
        }

        batch.Build();
        return batch.Places.Count == 0 ? null : batch;
    }
}
