using Qmtl.Data;
using Qmtl.Payloads;

namespace Qmtl.Recording.Spooling;

/// <summary>Rows on their way into the spool: some of a frame's, or one row with a payload of its own.</summary>
internal struct RecordedRows
{
    // Matched against shapes for its name and type only.
    private static readonly BarColumn[] NumberColumns = [new BarColumn<double>(Payload.ValueColumn, new double[1])];

    private readonly BarFrame? _frame;
    private readonly long _timestamp;
    private readonly double _number;

    /// <summary>One number.</summary>
    public RecordedRows(StreamKey stream, long timestamp, double number)
        : this(stream, timestamp, NumberColumns, 0) => _number = number;

    /// <summary>One row of columns.</summary>
    public RecordedRows(StreamKey stream, long timestamp, IReadOnlyList<BarColumn> columns, int index)
    {
        Stream = stream;
        _timestamp = stream.Interval.Floor(timestamp);
        Columns = columns;
        Start = index;
        Count = 1;
    }

    /// <summary>All rows of a frame.</summary>
    public RecordedRows(StreamKey stream, BarFrame frame)
    {
        Stream = stream;
        _frame = frame;
        Columns = frame.Columns;
        Count = frame.Count;
    }

    public StreamKey Stream { get; }

    public IReadOnlyList<BarColumn> Columns { get; }

    /// <summary>The place of the first row that is still to be recorded.</summary>
    public int Start { get; private set; }

    /// <summary>How many rows are still to be recorded.</summary>
    public int Count { get; private set; }

    /// <summary>Says that the first <paramref name="rows"/> are recorded.</summary>
    public void Advance(int rows)
    {
        Start += rows;
        Count -= rows;
    }

    /// <summary>
    /// The size of the record of the first <paramref name="count"/> rows, in bytes; at most so many, where texts are null.
    /// </summary>
    public readonly long SizeOf(RowShape shape, int count)
    {
        long bytes = RecordBuffer.HeaderBytes + (2 * sizeof(int)) + ((long)count * sizeof(long));
        for (int i = 0; i < shape.Columns.Length; i++)
        {
            bytes += shape.Columns[i].SizeOf(Columns[i], Start, count);
        }

        return bytes;
    }

    /// <summary>The record of the first <paramref name="count"/> rows.</summary>
    public readonly void Encode(RowShape shape, int count, RecordBuffer record)
    {
        record.Begin();
        record.WriteInt32(shape.Id);
        record.WriteInt32(count);
        WriteTimestamps(count, record);
        if (ReferenceEquals(Columns, NumberColumns))
        {
            record.WriteInt64(BitConverter.DoubleToInt64Bits(_number));
        }
        else
        {
            for (int i = 0; i < shape.Columns.Length; i++)
            {
                shape.Columns[i].Write(Columns[i], Start, count, record);
            }
        }

        record.End();
    }

    private readonly void WriteTimestamps(int count, RecordBuffer record)
    {
        if (_frame is null)
        {
            record.WriteInt64(_timestamp);
        }
        else if (_frame.Interval == Stream.Interval)
        {
            record.Write(_frame.Timestamps.Slice(Start, count));
        }
        else
        {
            foreach (long timestamp in _frame.Timestamps.Slice(Start, count))
            {
                record.WriteInt64(Stream.Interval.Floor(timestamp));
            }
        }
    }
}
