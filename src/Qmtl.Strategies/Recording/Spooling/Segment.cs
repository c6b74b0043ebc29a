namespace Qmtl.Recording.Spooling;

/// <summary>
/// A stretch of the spool: a header, and records one after the other. Records are only ever appended. The first four bytes of a record,
/// its length, are written last and at once: where they are zero there is no record, whatever a killed process had begun to write.
/// </summary>
/// <remarks>One thread appends while another reads what was appended before; neither is locked against here.</remarks>
internal abstract class Segment : IDisposable
{
    /// <summary>The header: what the file is, where the first record is that is not delivered, and room to spare.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Where the header says up to where records are delivered.</summary>
    protected const int DeliveredOffset = 8;

    private int _end = HeaderBytes;

    protected Segment(int capacity) => Capacity = capacity;

    /// <summary>What a spool's file begins with; the last digit is the version of the format.</summary>
    public static ReadOnlySpan<byte> Magic => "QMTLSPL1"u8;

    /// <summary>The bytes that it takes, full or not.</summary>
    public int Capacity { get; protected set; }

    /// <summary>Where the next record goes.</summary>
    public int End
    {
        get => Volatile.Read(ref _end);
        protected set => Volatile.Write(ref _end, value);
    }

    /// <summary>Where the first record is that is not delivered.</summary>
    public int Delivered { get; protected set; } = HeaderBytes;

    /// <summary>Whether all that was appended is delivered.</summary>
    public bool IsEmpty => Delivered == End;

    /// <summary>Rows in records that are not delivered.</summary>
    public long Rows { get; set; }

    /// <summary>Whether it outlives the process.</summary>
    public abstract bool IsOnDisk { get; }

    /// <summary>The file; null where it is in memory.</summary>
    public virtual string? FilePath => null;

    /// <summary>Whether something in it cannot be read. Its file is kept then, under a name that says so.</summary>
    public bool IsDamaged { get; protected set; }

    /// <summary>The shapes that it defines, as far as it was read.</summary>
    public Dictionary<int, RowShape> Shapes { get; } = [];

    /// <summary>Whether a record of so many bytes still fits.</summary>
    public bool HasRoomFor(long bytes) => End + bytes <= Capacity;

    /// <summary>Appends a record that fits.</summary>
    public void Append(ReadOnlySpan<byte> record)
    {
        int offset = End;
        Write(offset + sizeof(int), record[sizeof(int)..]);
        Commit(offset, record);
        End = offset + record.Length;
    }

    /// <summary>Copies bytes that were appended.</summary>
    public abstract void Read(int offset, Span<byte> bytes);

    /// <summary>Remembers, for whoever opens the file next, that everything before <paramref name="offset"/> is delivered.</summary>
    public abstract void SetDelivered(int offset);

    /// <summary>
    /// Says that a record which is to be delivered cannot be understood. From now on the mark in the file stays before it: if the process
    /// is killed, the next finds it again, and does not take the file for one that is delivered.
    /// </summary>
    public void NoteDamage()
    {
        IsDamaged = true;
        KeepsMark = true;
    }

    /// <summary>Lets go of it for good: what it holds is delivered, or cannot be read. A file that cannot be removed says so, and the next process removes it.</summary>
    public abstract void Delete();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether the mark of what is delivered stays in the file as it is.</summary>
    protected bool KeepsMark { get; private set; }

    /// <summary>Removes the file, or gives it the name of a damaged one.</summary>
    protected void DiscardFile(string path)
    {
        if (IsDamaged)
        {
            SpoolFolder.TryRename(path, path + SpoolFolder.DamagedExtension);
        }
        else
        {
            SpoolFolder.TryRemove(path);
        }
    }

    protected abstract void Dispose(bool disposing);

    protected abstract void Write(int offset, ReadOnlySpan<byte> bytes);

    /// <summary>Makes a record valid by its length; all the rest of it is written.</summary>
    protected abstract void Commit(int offset, ReadOnlySpan<byte> record);
}
