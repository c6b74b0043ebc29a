namespace Qmtl.Recording.Spooling;

/// <summary>
/// The queue of recorded rows: segments, the oldest first, of which the last is written. Any number of threads append; one task takes
/// batches from the front and says when they are delivered.
/// </summary>
internal sealed class Spool
{
    private const int MostRowsInRecord = 4096;
    private const int TriesToCreate = 3;

    // Room on a full disk is made by others, who tell nobody: whoever waits looks again by itself.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<SpoolSegment> _segments = [];
    private readonly ShapeTable _shapes = new();
    private readonly RecordBuffer _definition = new();
    private readonly RecordBuffer _record = new();
    private readonly SpoolFolder _folder;
    private readonly long _limit;
    private readonly int _segmentBytes;
    private TaskCompletionSource _room = NewSignal();
    private SpoolSegment? _writing;
    private long _writingNumber;
    private bool _isFull;
    private bool _isClosed;

    /// <summary>A spool in a folder.</summary>
    /// <param name="folder">Where its files are.</param>
    /// <param name="limit">How many bytes its files may take together.</param>
    /// <param name="segmentBytes">How large a file is made.</param>
    public Spool(SpoolFolder folder, long limit, int segmentBytes)
    {
        _folder = folder;
        _limit = limit;
        _segmentBytes = (int)Math.Min(segmentBytes, _limit / 4);
    }

    /// <summary>
    /// Told, outside of any lock, that whoever records waits from now on: how many bytes the spool takes, and what is wrong with the disk,
    /// or null where the spool has reached its limit.
    /// </summary>
    public required Action<long, Exception?> OnFull { private get; init; }

    /// <summary>Where its files are.</summary>
    public string FolderPath => _folder.FullPath;

    /// <summary>Rows appended so far.</summary>
    public long Appended { get; private set; }

    /// <summary>Why the disk takes no more; null where it does.</summary>
    public Exception? DiskError { get; private set; }

    /// <summary>Rows that are not delivered, and the bytes of their records.</summary>
    public (long Rows, long Bytes) Count()
    {
        lock (_lock)
        {
            return (_segments.Sum(segment => segment.Rows), _segments.Sum(segment => (long)segment.End - segment.Delivered));
        }
    }

    /// <summary>Takes over what ended processes have left. It is delivered before anything else.</summary>
    /// <returns>The rows, and the files that cannot be read, or only in part, by the names that they keep.</returns>
    public (long Rows, List<string> Damaged) Adopt()
    {
        var adopted = new List<SpoolSegment>();
        var damaged = new List<string>();
        foreach (string path in _folder.Segments().ToList())
        {
            try
            {
                if (SpoolSegment.TryAdopt(path) is { } segment)
                {
                    adopted.Add(segment);
                    damaged.AddRange(segment.IsDamaged ? [path + SpoolFolder.DamagedExtension] : []);
                }
            }
            catch (Exception)
            {
                // Whatever is wrong with one file, the others are taken over; this one stays for the next process to try.
                damaged.Add(path);
            }
        }

        // No batch will hold any of these, so nothing else would let go of them, and each process to come would tell of a damaged one.
        adopted.FindAll(segment => segment.Rows == 0).ForEach(segment => segment.Delete());
        adopted.RemoveAll(segment => segment.Rows == 0);
        lock (_lock)
        {
            _segments.InsertRange(0, adopted);
            return (adopted.Sum(segment => segment.Rows), damaged);
        }
    }

    /// <summary>Appends rows as far as there is room, and advances over them.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="room">Where not all are appended: ends when there may be room, and is to be waited for before the next try.</param>
    /// <returns>Whether all are appended.</returns>
    /// <exception cref="ObjectDisposedException">The spool is closed.</exception>
    /// <exception cref="ArgumentException">A row alone is larger than the spool may become.</exception>
    public bool TryAppend(ref RecordedRows rows, out Task room)
    {
        Exception? diskError;
        long bytes;
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new ObjectDisposedException(null, "The recorder was disposed and takes no more rows. Make a new one.");
            }

            RowShape shape = _shapes.Find(rows.Stream, rows.Columns);
            while (rows.Count > 0 && TryAppendRecord(ref rows, shape))
            {
            }

            room = Task.CompletedTask;
            if (rows.Count == 0)
            {
                return true;
            }

            room = _room.Task;
            if (_isFull)
            {
                return false;
            }

            _isFull = true;
            (bytes, diskError) = (Bytes, DiskError);
        }

        OnFull(bytes, diskError);
        return false;
    }

    /// <summary>Waits until there may be room. That there is none after all is found out by trying.</summary>
    public void WaitFor(Task room, CancellationToken cancellationToken)
    {
        try
        {
            room.Wait((int)LookAgain.TotalMilliseconds, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            TellAgain();
            throw;
        }
    }

    /// <inheritdoc cref="WaitFor"/>
    public async Task WaitForAsync(Task room, CancellationToken cancellationToken)
    {
        await room.WaitAsync(LookAgain, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested)
        {
            TellAgain();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// The oldest rows that are not delivered, about so many; null where there are none. What cannot be read any more is passed over, and
    /// the batch says so.
    /// </summary>
    public RowBatch? TakeBatch(int rows)
    {
        // Rows are appended while the batch reads; what it counts is what there is now.
        List<(SpoolSegment SpoolSegment, int End, long Rows)> segments;
        lock (_lock)
        {
            segments = _segments.ConvertAll(segment => (segment, segment.End, segment.Rows));
        }

        var batch = new RowBatch(rows);
        foreach ((SpoolSegment segment, int end, long left) in segments)
        {
            if (batch.IsFull)
            {
                break;
            }

            batch.Read(segment, end, left);
        }

        return batch.Places.Count == 0 ? null : batch;
    }

    /// <summary>Says that a batch is delivered, and lets go of the segments that it empties.</summary>
    public void Complete(RowBatch batch)
    {
        List<SpoolSegment> empty;
        lock (_lock)
        {
            foreach ((SpoolSegment segment, int offset, long rows) in batch.Places)
            {
                segment.SetDelivered(offset);
                segment.Rows -= rows;
            }

            // The segment being written may take all the room that there is.
            empty = _segments.FindAll(segment => segment.IsEmpty && (segment != _writing || _isFull));
            empty.ForEach(Remove);
            if (empty.Count > 0)
            {
                AnnounceRoom();
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
            AnnounceRoom();
        }
    }

    /// <summary>Lets go of all files. What is not delivered stays in them.</summary>
    public void Release()
    {
        lock (_lock)
        {
            foreach (SpoolSegment segment in _segments)
            {
                if (segment.IsEmpty)
                {
                    segment.Delete();
                }

                segment.Dispose();
            }
        }

        _folder.Release();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long Bytes => _segments.Sum(segment => (long)segment.Capacity);

    // Who was told waits no longer; whoever comes next has not heard of it.
    private void TellAgain()
    {
        lock (_lock)
        {
            _isFull = false;
        }
    }

    private void AnnounceRoom()
    {
        _isFull = false;
        _room.SetResult();
        _room = NewSignal();
    }

    private void Remove(SpoolSegment segment)
    {
        _segments.Remove(segment);
        _writing = segment == _writing ? null : _writing;
    }

    private bool TryAppendRecord(ref RecordedRows rows, RowShape shape)
    {
        int count = Math.Min(rows.Count, MostRowsInRecord);
        long most = _segmentBytes - SpoolSegment.HeaderBytes;
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
            long capacity = Math.Max(_segmentBytes, SpoolSegment.HeaderBytes + needed);
            if (capacity > Math.Min(_limit, Array.MaxLength))
            {
                throw new ArgumentException(
                    $"A row of {shape.Stream} takes {needed} bytes, more than the whole spool may ({_limit})."
                    + $" Record less in one row, or raise SpoolLimit.");
            }

            // No batch will hold any of it again, so nothing else would let go of it; and the next segment may need its room.
            if (_writing is { IsEmpty: true } written)
            {
                Remove(written);
                written.Delete();
            }

            if (!TryCreate((int)capacity))
            {
                return false;
            }
        }

        if (shape.WrittenTo != _writingNumber)
        {
            _writing!.Append(_definition.Written);
            shape.WrittenTo = _writingNumber;
        }

        return true;
    }

    private bool TryCreate(int capacity)
    {
        if (Bytes + capacity > _limit)
        {
            return false;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                _folder.Create();
                _writing = SpoolSegment.Create(_folder.NextSegment(), capacity);
                break;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Whoever looks for files to adopt can have the new one open for an instant; it does not know the next name.
                if (attempt == TriesToCreate)
                {
                    DiskError = exception;
                    return false;
                }
            }
        }

        _segments.Add(_writing);
        _writingNumber++;
        (_isFull, DiskError) = (false, null);
        return true;
    }
}
