using System.Buffers;
using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>Recorded rows that are delivered together, decoded into columns and sorted by stream.</summary>
internal sealed class RowBatch(int mostRows)
{
    // Rows with long texts; a batch has to fit into memory a few times.
    private const long MostBytes = 32 * 1024 * 1024;
    private const int ChunkBytes = 256 * 1024;

    private readonly Dictionary<StreamKey, StreamRows> _streams = [];
    private RowShape? _lastShape;
    private StreamRows? _lastRows;
    private long _bytes;

    /// <summary>Rows that the batch takes from the spool; a bar recorded twice counts twice.</summary>
    public long Rows { get; private set; }

    /// <summary>Those of them that cannot be read any more, and are in no frame.</summary>
    public long LostRows { get; private set; }

    /// <summary>What cannot be read any more, and why.</summary>
    public List<(SpoolSegment SpoolSegment, Exception Error)> Damages { get; } = [];

    /// <summary>Up to where the batch holds the records of a segment, and how many of its rows.</summary>
    public List<(SpoolSegment SpoolSegment, int Offset, long Rows)> Places { get; } = [];

    /// <summary>Whether it holds as much as it should.</summary>
    public bool IsFull => Rows >= mostRows || _bytes >= MostBytes;

    /// <summary>The rows as frames, in the order in which they have to be written. Nothing can be added then.</summary>
    public List<(StreamKey Stream, BarFrame Frame)> ToFrames() => [.. _streams.Values.SelectMany(rows => rows.Frames())];

    /// <summary>Adds the records of a segment that are not delivered, up to <paramref name="end"/> or until the batch is full.</summary>
    /// <param name="segment">The segment, which may be appended to meanwhile.</param>
    /// <param name="end">Where its last record ended when <paramref name="rows"/> were counted.</param>
    /// <param name="rows">The rows in its records that are not delivered, up to there.</param>
    public void Read(SpoolSegment segment, int end, long rows)
    {
        int offset = segment.Delivered;
        long before = Rows;
        while (offset < end && !IsFull)
        {
            int read = ReadChunk(segment, offset, end);
            if (read < 0)
            {
                LostRows += before + rows - Rows;
                (Rows, read) = (before + rows, end - offset);
            }

            offset += read;
            _bytes += read;
        }

        if (offset > segment.Delivered)
        {
            Places.Add((segment, offset, Rows - before));
        }
    }

    // Reads at least one record, and not much more than the batch still takes. Returns how many bytes; fewer than none where the disk
    // does not give back what it gave before, or gives what cannot be understood.
    private int ReadChunk(SpoolSegment segment, int start, int end)
    {
        byte[] rented = [];
        try
        {
            int size;
            try
            {
                Span<byte> first = stackalloc byte[sizeof(int)];
                segment.Read(start, first);
                size = Math.Min(end - start, Math.Max(LengthAt(first, end - start), ChunkBytes));
                rented = ArrayPool<byte>.Shared.Rent(size);
                segment.Read(start, rented.AsSpan(0, size));
                return Add(segment, start, rented.AsSpan(0, size), end - start);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                segment.IsDamaged = true;
                Damages.Add((segment, error));
                return -1;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private int Add(SpoolSegment segment, int start, ReadOnlySpan<byte> bytes, int most)
    {
        int offset = 0;
        while (offset + RecordBuffer.HeaderBytes <= bytes.Length && !IsFull)
        {
            int next = offset + LengthAt(bytes[offset..], most - offset);
            if (next > bytes.Length)
            {
                break;
            }

            if (!segment.IsUnreadable(start + offset))
            {
                Add(segment, bytes[(offset + RecordBuffer.HeaderBytes)..next]);
            }

            offset = next;
        }

        return offset;
    }

    // The length of a record with its header.
    private static int LengthAt(ReadOnlySpan<byte> record, int most)
    {
        int length = MemoryMarshal.Read<int>(record);
        return length >= 8 && length <= most - RecordBuffer.HeaderBytes
            ? RecordBuffer.HeaderBytes + length
            : throw new InvalidDataException($"A record of {length} bytes stands where {most} are left.");
    }

    // Adds the rows of a record, or what it defines.
    private void Add(SpoolSegment segment, ReadOnlySpan<byte> body)
    {
        if (RowShape.IsDefinition(body))
        {
            segment.Shapes[RowShape.IdIn(body)] = RowShape.Decode(body);
            return;
        }

        var reader = new RecordReader(body);
        RowShape shape = segment.Shapes[reader.ReadInt32()];
        int count = reader.ReadInt32();
        if (shape != _lastShape)
        {
            if (!_streams.TryGetValue(shape.Stream, out _lastRows))
            {
                _streams.Add(shape.Stream, _lastRows = new StreamRows(shape.Stream));
            }

            _lastShape = shape;
        }

        _lastRows!.Add(shape, ref reader, count);
        Rows += count;
    }
}
