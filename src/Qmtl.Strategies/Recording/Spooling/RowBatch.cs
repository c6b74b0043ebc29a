using System.Buffers;
using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>Recorded rows that are delivered together, decoded into columns and sorted by stream.</summary>
internal class RowBatch(int mostRows)
{
    // Rows with long texts; a batch has to fit into memory a few times.
    private const long MostBytes = 32 * 1024 * 1024;
    private const int ChunkBytes = 256 * 1024;

    private readonly Dictionary<StreamKey, StreamRows> _streams = [];
    private readonly List<StreamRows> _inOrder = [];
    private RowShape? _lastShape;
    private StreamRows? _lastStream;
    private long _bytes;
    private long _rowsOfSegment;
    private long _rowsOfOthers;

    /// <summary>Rows that the batch takes from the spool; a bar recorded twice counts twice.</summary>
    public long Rows { get; protected set; }

    /// <summary>Those of them that cannot be read, and are in no frame.</summary>
    public long UnreadableRows => Damages.Sum(damage => damage.Rows);

    /// <summary>What cannot be read: where, how many rows, and why.</summary>
    public List<(Segment Segment, long Rows, Exception Error)> Damages { get; } = [];

    /// <summary>Rows of the segment that is being read which the batch does not hold yet.</summary>
    protected long RowsLeft => _rowsOfSegment - (Rows - _rowsOfOthers);

    /// <summary>Whether it holds as much as it should.</summary>
    public bool IsFull => Rows >= mostRows || _bytes >= MostBytes;

    /// <summary>Up to where the batch holds the records of a segment, and how many of its rows.</summary>
    public List<(Segment Segment, int Offset, long Rows)> Places { get; } = [];

    /// <summary>Adds the records of a segment that are not delivered, up to <paramref name="end"/> or until the batch is full.</summary>
    /// <param name="segment">The segment, which may be appended to meanwhile.</param>
    /// <param name="end">Where its last record ended when <paramref name="rows"/> were counted.</param>
    /// <param name="rows">The rows in its records that are not delivered, up to there.</param>
    public void Read(Segment segment, int end, long rows)
    {
        int offset = segment.Delivered;
        _rowsOfSegment = rows;
        _rowsOfOthers = Rows;
        while (offset < end && !IsFull)
        {
            int read = ReadChunk(segment, offset, end);
            offset += read;
            _bytes += read;
        }

        if (offset > segment.Delivered)
        {
            Places.Add((segment, offset, Rows - _rowsOfOthers));
        }
    }

    /// <summary>The rows as frames, in the order in which they have to be written; after <see cref="Build"/>.</summary>
    public IReadOnlyList<(StreamKey Stream, BarFrame Frame)> Frames { get; private set; } = [];

    /// <summary>Makes the frames. Nothing can be added then.</summary>
    public void Build()
    {
        Frames = [.. _inOrder.SelectMany(rows => rows.Groups().Select(group => (rows.Stream, group.ToFrame(rows.Stream.Interval))))];
        _streams.Clear();
        _inOrder.Clear();
    }

    /// <summary>Reads at least one record, and not much more than the batch still takes. Returns how many bytes.</summary>
    protected virtual int ReadChunk(Segment segment, int start, int end)
    {
        Span<byte> first = stackalloc byte[sizeof(int)];
        segment.Read(start, first);
        int size = Math.Min(end - start, Math.Max(LengthAt(first, end - start), ChunkBytes));
        byte[] rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            Span<byte> bytes = rented.AsSpan(0, size);
            segment.Read(start, bytes);
            int offset = 0;
            while (offset + RecordBuffer.HeaderBytes <= size && !IsFull)
            {
                int next = offset + LengthAt(bytes[offset..], end - start - offset);
                if (next > size)
                {
                    break;
                }

                Add(segment, bytes[(offset + RecordBuffer.HeaderBytes)..next]);
                offset = next;
            }

            return offset;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // The length of a record with its header. What was whole when it was appended can have been changed on disk since.
    private static int LengthAt(ReadOnlySpan<byte> record, int most)
    {
        int length = MemoryMarshal.Read<int>(record);
        return length >= 8 && length <= most - RecordBuffer.HeaderBytes
            ? RecordBuffer.HeaderBytes + length
            : throw new InvalidDataException($"A record of {length} bytes stands where {most} are left.");
    }

    /// <summary>Adds the rows of a record, or what it defines.</summary>
    protected virtual void Add(Segment segment, ReadOnlySpan<byte> body)
    {
        if (RowShape.IsDefinition(body))
        {
            RowShape defined = RowShape.Decode(body);
            segment.Shapes[defined.Id] = defined;
            return;
        }

        var reader = new RecordReader(body);
        RowShape shape = segment.Shapes[reader.ReadInt32()];
        int count = reader.ReadInt32();
        StreamOf(shape).Add(shape, ref reader, count);
        Rows += count;
    }

    private StreamRows StreamOf(RowShape shape)
    {
        if (shape == _lastShape)
        {
            return _lastStream!;
        }

        if (!_streams.TryGetValue(shape.Stream, out StreamRows? rows))
        {
            _streams.Add(shape.Stream, rows = new StreamRows(shape.Stream));
            _inOrder.Add(rows);
        }

        _lastShape = shape;
        _lastStream = rows;
        return rows;
    }
}
