namespace Qmtl.Recording.Spooling;

/// <summary>
/// The queue of recorded rows: segments, the oldest first, of which the last is written. Any number of threads append; one task takes
/// batches from the front and says when they are delivered.
/// </summary>
internal sealed partial class Spool
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Segment> _segments = [];
    private readonly SpoolRoom _room = new();
    private readonly SpoolFolder _folder;
    private readonly SegmentStorage _storage;
    private readonly EventRecorderOptions _options;
    private Segment? _writing;
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
        // Rows are appended while the batch reads; what it counts is what there is now.
        List<(Segment Segment, int End, long Rows)> segments;
        lock (_lock)
        {
            segments = [.. _segments.Select(segment => (segment, segment.End, segment.Rows))];
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

    private static RowBatch? Read(List<(Segment Segment, int End, long Rows)> segments, RowBatch batch)
    {
        foreach ((Segment segment, int end, long rows) in segments)
        {
            if (batch.IsFull)
            {
                break;
            }

            batch.Read(segment, end, rows);
        }

        batch.Build();
        return batch.Places.Count == 0 ? null : batch;
    }

    private void Remove(Segment segment)
    {
        _segments.Remove(segment);
        _storage.Remove(segment);
    }
}
