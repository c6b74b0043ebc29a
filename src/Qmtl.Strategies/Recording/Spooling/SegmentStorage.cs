namespace Qmtl.Recording.Spooling;

/// <summary>Makes a spool's segments, files while the disk takes them and else memory, and knows what they take. Used under the spool's lock.</summary>
internal sealed class SegmentStorage(SpoolFolder folder, EventRecorderOptions options)
{
    private const int TriesToCreate = 3;

    /// <summary>Why segments are in memory; null where the disk takes them.</summary>
    public Exception? DiskError { get; private set; }

    /// <summary>The bytes that files take.</summary>
    public long DiskBytes { get; private set; }

    /// <summary>The bytes that segments take in memory.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>A new segment, or null where there is no room for it.</summary>
    public Segment? TryCreate(int capacity)
    {
        if (DiskBytes + capacity > options.SpoolLimit)
        {
            return null;
        }

        if (TryCreateFile(capacity) is { } file)
        {
            Add(file);
            return file;
        }

        if (MemoryBytes + capacity > options.MemoryLimit)
        {
            return null;
        }

        var memory = new MemorySegment(folder.NextSegment(), capacity);
        Add(memory);
        return memory;
    }

    /// <summary>Counts a segment.</summary>
    public void Add(Segment segment) => Count(segment, segment.Capacity);

    /// <summary>Counts a segment no more.</summary>
    public void Remove(Segment segment) => Count(segment, -segment.Capacity);

    /// <summary>Puts a segment in memory into a file, for the next process.</summary>
    /// <returns>Whether the disk took it.</returns>
    public bool TrySave(MemorySegment segment)
    {
        try
        {
            folder.Create();
            MappedSegment.Save(segment);
            segment.IsSaved = true;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DiskError ??= exception;
            return false;
        }
    }

    /// <summary>Says what files take after they were let go of, and cut off behind their records.</summary>
    public void Recount(IEnumerable<Segment> released) => DiskBytes = released.Sum(segment => (long)segment.End);

    private void Count(Segment segment, long bytes)
    {
        if (segment.IsOnDisk)
        {
            DiskBytes += bytes;
        }
        else
        {
            MemoryBytes += bytes;
        }
    }

    private MappedSegment? TryCreateFile(int capacity)
    {
        Exception? error = null;
        for (int attempt = 0; attempt < TriesToCreate; attempt++)
        {
            // Whoever looks for files to adopt can have the new one open for an instant; it does not know the next name.
            string path = folder.NextSegment();
            try
            {
                folder.Create();
                MappedSegment segment = MappedSegment.Create(path, capacity);
                DiskError = null;
                return segment;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                error = exception;
            }
        }

        DiskError ??= error;
        return null;
    }
}
