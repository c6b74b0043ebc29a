using System.Buffers.Binary;
using System.Text;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>
/// Writes frames in the format of <c>COPY … WITH (FORMAT BINARY)</c> (postgresql.org/docs/current/sql-copy.html), from the
/// columns straight into the bytes to send. What is the same in every row, node id and interval, is encoded once.
/// </summary>
internal sealed class BinaryCopyEncoder
{
    private readonly byte[] _rowHead;
    private readonly StoredType _timestampType;
    private readonly ReadOnlyMemory<long> _timestamps;
    private readonly BinaryCopyColumn[] _columns;

    /// <summary>An encoder of one frame.</summary>
    /// <param name="stream">The stream, where its node id and interval are columns of the target; null where they are not (a staging table).</param>
    /// <param name="intervalType">The type of the target's interval column.</param>
    /// <param name="timestampType">The type of the target's timestamp column.</param>
    /// <param name="frame">The bars.</param>
    /// <param name="typeOf">The type in which a payload column is sent.</param>
    public BinaryCopyEncoder(StreamKey? stream, StoredType intervalType, StoredType timestampType, PlannedFrame frame, Func<StoredColumn, StoredType> typeOf)
    {
        _rowHead = RowHead(stream, intervalType, frame.Columns.Count);
        _timestampType = timestampType;
        _timestamps = frame.Timestamps;
        _columns = [.. frame.Columns.Select(column => BinaryCopyColumn.Create(column.Values, typeOf(column.Stored)))];
    }

    /// <summary>What precedes the first row: the signature (<c>PGCOPY\n\377\r\n\0</c>), flags, and the length of an extension that there is not.</summary>
    public static ReadOnlySpan<byte> Header => [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>What follows the last row.</summary>
    public static ReadOnlySpan<byte> Trailer => [0xff, 0xff];

    /// <summary>Writes whole rows from <paramref name="row"/> on, as many as there is room for.</summary>
    /// <param name="row">The first row to write; afterwards the first that was not written.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>How many bytes were written.</returns>
    public int Encode(ref int row, Span<byte> destination)
    {
        ReadOnlySpan<long> timestamps = _timestamps.Span;
        int written = 0;
        while (row < timestamps.Length && TryEncodeRow(row, timestamps[row], destination[written..], out int length))
        {
            written += length;
            row++;
        }

        return written;
    }

    private bool TryEncodeRow(int row, long timestamp, Span<byte> destination, out int length)
    {
        length = _rowHead.Length;
        if (!_rowHead.AsSpan().TryCopyTo(destination) || !BinaryCopyColumn.TryWriteWhole(timestamp, _timestampType, destination, ref length))
        {
            return false;
        }

        foreach (BinaryCopyColumn column in _columns)
        {
            if (!column.TryWrite(row, destination, ref length))
            {
                return false;
            }
        }

        return true;
    }

    private static byte[] RowHead(StreamKey? stream, StoredType intervalType, int payloadColumns)
    {
        int fields = payloadColumns + (stream is null ? 1 : 3);
        byte[] head = new byte[32 + (stream is { } key ? Encoding.UTF8.GetMaxByteCount(key.NodeId.Length) : 0)];
        BinaryPrimitives.WriteInt16BigEndian(head, checked((short)fields));
        int length = sizeof(short);
        if (stream is { } known)
        {
            int bytes = Encoding.UTF8.GetBytes(known.NodeId, head.AsSpan(length + sizeof(int)));
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(length), bytes);
            length += sizeof(int) + bytes;
            _ = BinaryCopyColumn.TryWriteWhole(known.Interval.Number, intervalType, head, ref length);
        }

        return head[..length];
    }
}
