using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Qmtl.Recording.Spooling;

/// <summary>
/// A segment in a file that is mapped into memory, so that appending is a copy and no system call. What was appended is the operating
/// system's from that moment: it survives the death of the process at any instant, but not the machine's.
/// </summary>
/// <remarks>
/// The file is filled with zeros before it is mapped. A full disk is thus met here, as an error, and not by a later access to the
/// mapping, which would kill the process; file systems that copy on write (btrfs, ZFS) cannot promise that, and a spool belongs on
/// another. The file is open for this process alone, which tells every other that its owner lives.
/// </remarks>
internal sealed class MappedSegment : Segment
{
    private static readonly byte[] Zeros = new byte[64 * 1024];

    private readonly FileStream _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private bool _isDisposed;

    private MappedSegment(FileStream file, int capacity)
        : base(capacity)
    {
        _file = file;
        _map = MemoryMappedFile.CreateFromFile(file, mapName: null, capacity, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, capacity, MemoryMappedFileAccess.ReadWrite);
    }

    public override bool IsOnDisk => true;

    public override string FilePath => _file.Name;

    private SafeBuffer Bytes => _view.SafeMemoryMappedViewHandle;

    /// <summary>Makes the file and takes room for all of it. Where that fails it leaves none, and never touches one that was there.</summary>
    /// <exception cref="IOException">The disk is full, or the file cannot be made, as where there is one.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static MappedSegment Create(string path, int capacity)
    {
        FileStream file = CreateFile(path);
        try
        {
            for (int offset = 0; offset < capacity; offset += Zeros.Length)
            {
                RandomAccess.Write(file.SafeFileHandle, Zeros.AsSpan(0, Math.Min(Zeros.Length, capacity - offset)), offset);
            }

            var segment = new MappedSegment(file, capacity);
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

    /// <summary>Puts records that were in memory into their file, to be adopted by another process.</summary>
    /// <exception cref="IOException">The disk is full, or the file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Save(MemorySegment segment)
    {
        using MappedSegment saved = Create(segment.SavePath, segment.End);
        saved.Write(HeaderBytes, segment.Records);
        saved.SetDelivered(segment.Delivered);
        saved.End = segment.End;
    }

    public override void Read(int offset, Span<byte> bytes) => Bytes.ReadSpan((ulong)offset, bytes);

    public override void SetDelivered(int offset)
    {
        if (!KeepsMark)
        {
            Bytes.Write((ulong)DeliveredOffset, (long)offset);
        }

        Delivered = offset;
    }

    public override void Delete()
    {
        Dispose();
        DiscardFile(_file.Name);
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || _isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _view.Dispose();
        _map.Dispose();

        // Whoever adopts it has no use for the room that was left.
        _file.SetLength(End);
        _file.Dispose();
    }

    protected override void Write(int offset, ReadOnlySpan<byte> bytes) => Bytes.WriteSpan((ulong)offset, bytes);

    protected override void Commit(int offset, ReadOnlySpan<byte> record)
    {
        // No store of this thread may be seen after the one that follows.
        Thread.MemoryBarrier();
        Bytes.Write((ulong)offset, MemoryMarshal.Read<int>(record));
    }

    private static FileStream CreateFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // What a strategy computes is nobody else's.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }
}
