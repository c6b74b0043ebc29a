using System.Runtime.InteropServices;

namespace Qmtl.Recording.Spooling;

/// <summary>A segment that a process left which is no more. It is read to its end and never appended to.</summary>
internal sealed class AdoptedSegment : Segment
{
    private static readonly TimeSpan LongestToLock = TimeSpan.FromHours(1);

    private readonly FileStream _file;

    private AdoptedSegment(FileStream file)
        : base(checked((int)file.Length)) => _file = file;

    public override bool IsOnDisk => true;

    public override string FilePath => _file.Name;

    /// <summary>Takes the file, which nobody else may have open.</summary>
    /// <returns>Null where its owner lives, it is gone, or it is no file of this format.</returns>
    /// <exception cref="IOException">The file cannot be read, though nobody else has it open.</exception>
    /// <exception cref="OverflowException">The file is larger than any of this format.</exception>
    public static AdoptedSegment? TryOpen(string path)
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

        try
        {
            if (file.Length < HeaderBytes)
            {
                RemoveIfAbandoned(file);
                return null;
            }

            var segment = new AdoptedSegment(file);
            if (!segment.TryReadHeader())
            {
                file.Dispose();
                return null;
            }

            segment.Scan();
            return segment;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override void Read(int offset, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_file.SafeFileHandle, bytes, offset);
            if (read == 0)
            {
                throw new EndOfStreamException($"{_file.Name} became shorter while it was read.");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    public override void SetDelivered(int offset)
    {
        if (!KeepsMark)
        {
            RandomAccess.Write(_file.SafeFileHandle, BitConverter.GetBytes((long)offset), DeliveredOffset);
        }

        Delivered = offset;
    }

    public override void Delete()
    {
        _file.Dispose();
        DiscardFile(_file.Name);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }
    }

    protected override void Write(int offset, ReadOnlySpan<byte> bytes) => throw new NotSupportedException("An adopted segment is never appended to.");

    protected override void Commit(int offset, ReadOnlySpan<byte> record) => throw new NotSupportedException("An adopted segment is never appended to.");

    // Its owner was killed before it took the first row, or has made it this instant and not locked it yet; a file that is longer was
    // locked before it became so.
    private static void RemoveIfAbandoned(FileStream file)
    {
        bool isAbandoned = DateTime.UtcNow - File.GetLastWriteTimeUtc(file.Name) > LongestToLock;
        file.Dispose();
        if (isAbandoned)
        {
            SpoolFolder.TryRemove(file.Name);
        }
    }

    private bool TryReadHeader()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        Read(0, header);
        long delivered = MemoryMarshal.Read<long>(header[DeliveredOffset..]);

        // Its owner may have been killed before the mark was whole: no row came before that, so the scan finds none.
        if (!Magic.StartsWith(header[..Magic.Length].TrimEnd((byte)0)))
        {
            return false;
        }

        Delivered = (int)Math.Clamp(delivered, HeaderBytes, Capacity);
        return true;
    }

    // Finds where the records end, and what is in those that are not delivered.
    private void Scan()
    {
        try
        {
            byte[] bytes = new byte[Capacity];
            Read(0, bytes);
            while (End + RecordBuffer.HeaderBytes <= bytes.Length && !IsDamaged)
            {
                int length = MemoryMarshal.Read<int>(bytes.AsSpan(End));
                if (length == 0)
                {
                    break;
                }

                if (IsRecord(bytes, End, length))
                {
                    Note(bytes.AsSpan(End + RecordBuffer.HeaderBytes, length));
                    End += RecordBuffer.HeaderBytes + length;
                }
                else
                {
                    IsDamaged = true;
                }
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whatever it is that cannot be read or understood, what stands before it can be delivered.
            IsDamaged = true;
        }

        Delivered = Math.Min(Delivered, End);
    }

    private void Note(ReadOnlySpan<byte> body)
    {
        if (RowShape.IsDefinition(body))
        {
            RowShape shape = RowShape.Decode(body);
            Shapes[shape.Id] = shape;
        }
        else if (End >= Delivered)
        {
            Rows += RecordBuffer.RowsIn(body);
        }
    }

    private static bool IsRecord(byte[] bytes, int offset, int length)
    {
        if (length < 8 || length % 8 != 0 || length > bytes.Length - offset - RecordBuffer.HeaderBytes)
        {
            return false;
        }

        uint checksum = MemoryMarshal.Read<uint>(bytes.AsSpan(offset + sizeof(int)));
        return RecordBuffer.Checksum(bytes.AsSpan(offset + RecordBuffer.HeaderBytes, length)) == checksum;
    }
}
