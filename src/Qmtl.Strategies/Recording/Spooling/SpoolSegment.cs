using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Qmtl.Recording.Spooling;

/// <summary>
/// A stretch of the spool: a file with a header, and records one after the other. Records are only ever appended. The first four bytes
/// of a record, its length, are written last and at once: where they are zero there is no record, whatever a killed process had begun
/// to write.
/// </summary>
/// <remarks>
/// <para>
/// The file that a service writes is mapped into memory, so that appending is a copy and no system call. What was appended is the
/// operating system's from that moment: it survives the death of the process at any instant, but not the machine's. The file is filled
/// with zeros before it is mapped: a full disk is met there, as an error, and not by a later access to the mapping, which would kill the
/// process. File systems that copy on write (btrfs, ZFS) cannot promise that, and a spool belongs on another.
/// </para>
/// <para>
/// One that a dead process left is only read. Either is open for one process alone, which tells every other that its owner lives. One
/// thread appends while another reads what was appended before; neither is locked against here.
/// </para>
/// </remarks>
internal sealed class SpoolSegment : IDisposable
{
    /// <summary>The header: what the file is, where the first record is that is not delivered, and room to spare.</summary>
    public const int HeaderBytes = 64;

    private const int DeliveredOffset = 8;

    private static readonly TimeSpan LongestToLock = TimeSpan.FromHours(1);
    private static readonly byte[] Zeros = new byte[64 * 1024];

    private readonly FileStream _file;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly HashSet<int> _unreadable = [];
    private int _end = HeaderBytes;
    private bool _isDisposed;

    private SpoolSegment(FileStream file, int capacity, bool isWritten)
    {
        _file = file;
        Capacity = capacity;
        if (isWritten)
        {
            _map = MemoryMappedFile.CreateFromFile(
                file, null, capacity, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor(0, capacity, MemoryMappedFileAccess.ReadWrite);
        }
    }

    /// <summary>The bytes that it takes, full or not.</summary>
    public int Capacity { get; }

    /// <summary>Where the next record goes.</summary>
    public int End
    {
        get => Volatile.Read(ref _end);
        private set => Volatile.Write(ref _end, value);
    }

    /// <summary>Where the first record is that is not delivered.</summary>
    public int Delivered { get; private set; } = HeaderBytes;

    /// <summary>Whether all that was appended is delivered.</summary>
    public bool IsEmpty => Delivered == End;

    /// <summary>Rows in records that are not delivered and can be.</summary>
    public long Rows { get; set; }

    /// <summary>The file.</summary>
    public string FilePath => _file.Name;

    /// <summary>Whether something in it cannot be read. Its file is kept then, under a name that says so.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>The shapes that it defines, as far as it was read.</summary>
    public Dictionary<int, RowShape> Shapes { get; } = [];

    /// <summary>What a spool's file begins with; the last digit is the version of the format.</summary>
    public static ReadOnlySpan<byte> Magic => "QMTLSPL1"u8;

    /// <summary>
    /// Makes the file and takes room for all of it. Where that fails it leaves none, and never touches one that was there.
    /// </summary>
    /// <exception cref="IOException">The disk is full, or the file cannot be made, as where there is one.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static SpoolSegment Create(string path, int capacity)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            // What a strategy computes is nobody else's.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path, options);
        try
        {
            for (int offset = 0; offset < capacity; offset += Zeros.Length)
            {
                RandomAccess.Write(file.SafeFileHandle, Zeros.AsSpan(0, Math.Min(Zeros.Length, capacity - offset)), offset);
            }

            var segment = new SpoolSegment(file, capacity, isWritten: true);
            segment.SetDelivered(HeaderBytes);
            segment.Write(0, Magic);
            return segment;
        }
        catch
        {
            file.Dispose();
            SpoolFolder.TryRemove(path);
            throw;
        }
    }

    /// <summary>Takes a file over that a dead process left, and finds out what is in it.</summary>
    /// <returns>Null where its owner lives, it is gone, or it is no file of this format.</returns>
    /// <exception cref="IOException">The file cannot be read, though nobody else has it open.</exception>
    /// <exception cref="OverflowException">The file is larger than any of this format.</exception>
    public static SpoolSegment? TryAdopt(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // Its owner was killed before it took the first row. A younger one may not be locked yet; one that is longer was locked before it
        // became so.
        bool isAbandoned = file.Length < HeaderBytes && DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > LongestToLock;
        SpoolSegment? adopted = null;
        try
        {
            if (file.Length >= HeaderBytes)
            {
                var segment = new SpoolSegment(file, checked((int)file.Length), isWritten: false);
                adopted = segment.TryScan() ? segment : null;
            }
        }
        finally
        {
            if (adopted is null)
            {
                file.Dispose();
            }
        }

        if (isAbandoned)
        {
            SpoolFolder.TryRemove(path);
        }

        return adopted;
    }

    /// <summary>Whether a record of so many bytes still fits.</summary>
    public bool HasRoomFor(long bytes) => End + bytes <= Capacity;

    /// <summary>Appends a record that fits.</summary>
    public void Append(ReadOnlySpan<byte> record)
    {
        int offset = End;
        Write(offset + sizeof(int), record[sizeof(int)..]);

        // No store of this thread may be seen after the one that follows, which makes the record valid.
        Thread.MemoryBarrier();
        _view!.SafeMemoryMappedViewHandle.Write((ulong)offset, MemoryMarshal.Read<int>(record));
        End = offset + record.Length;
    }

    /// <summary>Copies bytes that were appended.</summary>
    /// <exception cref="IOException">The disk does not give them back.</exception>
    public void Read(int offset, Span<byte> bytes)
    {
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, bytes);
            return;
        }

        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_file.SafeFileHandle, bytes, offset);
            if (read == 0)
            {
                throw new EndOfStreamException($"{FilePath} became shorter while it was read.");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    /// <summary>Whether the record there cannot be understood, so that it is passed over.</summary>
    public bool IsUnreadable(int offset) => _unreadable.Contains(offset);

    /// <summary>Remembers, for whoever opens the file next, that everything before <paramref name="offset"/> is delivered.</summary>
    public void SetDelivered(int offset)
    {
        if (IsDamaged)
        {
            // The file is kept. What cannot be read now may be readable for the next process, which must not take it for delivered.
            Delivered = offset;
            return;
        }

        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.Write((ulong)DeliveredOffset, (long)offset);
        }
        else
        {
            RandomAccess.Write(_file.SafeFileHandle, BitConverter.GetBytes((long)offset), DeliveredOffset);
        }

        Delivered = offset;
    }

    /// <summary>
    /// Lets go of it for good: what it holds is delivered, or cannot be read. A file that cannot be removed says so, and the next process
    /// removes it.
    /// </summary>
    public void Delete()
    {
        Dispose();
        if (IsDamaged)
        {
            SpoolFolder.TryRename(FilePath, FilePath + SpoolFolder.DamagedExtension);
        }
        else
        {
            SpoolFolder.TryRemove(FilePath);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed && _map is not null)
        {
            _view!.Dispose();
            _map.Dispose();

            // Whoever adopts it has no use for the room that was left.
            _file.SetLength(End);
        }

        _isDisposed = true;
        _file.Dispose();
    }

    private void Write(int offset, ReadOnlySpan<byte> bytes) => _view!.SafeMemoryMappedViewHandle.WriteSpan((ulong)offset, bytes);

    private bool TryScan()
    {
        byte[] bytes = new byte[Capacity];
        Read(0, bytes);

        // Its owner may have been killed before the mark was whole: no row came before that, so none is found.
        if (!Magic.StartsWith(bytes.AsSpan(0, Magic.Length).TrimEnd((byte)0)))
        {
            return false;
        }

        long delivered = MemoryMarshal.Read<long>(bytes.AsSpan(DeliveredOffset));
        while (End + RecordBuffer.HeaderBytes <= bytes.Length)
        {
            int length = MemoryMarshal.Read<int>(bytes.AsSpan(End));
            if (length == 0)
            {
                break;
            }

            // Where the next record begins is not known either, so nothing behind it is.
            if (!RecordBuffer.IsRecord(bytes.AsSpan(End), length))
            {
                IsDamaged = true;
                break;
            }

            Note(bytes.AsSpan(End + RecordBuffer.HeaderBytes, length), isDelivered: End < delivered);
            End += RecordBuffer.HeaderBytes + length;
        }

        Delivered = (int)Math.Clamp(delivered, HeaderBytes, End);
        return true;
    }

    // Of all records, delivered or not: where this process dies, too, the next must find the same.
    private void Note(ReadOnlySpan<byte> body, bool isDelivered)
    {
        try
        {
            if (RowShape.IsDefinition(body))
            {
                RowShape shape = RowShape.Decode(body);
                Shapes[shape.Id] = shape;
                return;
            }

            int rows = Shapes[RowShape.IdIn(body)].Validate(body);
            Rows += isDelivered ? 0 : rows;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            IsDamaged = true;
            _unreadable.Add(End);
        }
    }
}
