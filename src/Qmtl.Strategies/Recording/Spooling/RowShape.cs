using System.Runtime.InteropServices;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Recording.Spooling;

/// <summary>
/// What recorded rows have in common: their stream and their columns. It is written once a file, so that rows need not repeat it.
/// </summary>
/// <param name="id">The number by which rows name their shape; each service counts its own.</param>
/// <param name="stream">The rows' stream.</param>
/// <param name="columns">Their columns.</param>
internal sealed class RowShape(int id, StreamKey stream, ShapeColumn[] columns)
{
    private const int DefinitionMark = -1;

    public int Id => id;

    public StreamKey Stream => stream;

    public ShapeColumn[] Columns => columns;

    /// <summary>The number of the last segment that this was written into; 0 for none.</summary>
    public long WrittenTo { get; set; }

    /// <summary>Whether a record defines a shape; otherwise it holds rows of one.</summary>
    public static bool IsDefinition(ReadOnlySpan<byte> body) => MemoryMarshal.Read<int>(body[sizeof(int)..]) == DefinitionMark;

    /// <summary>The number of the shape that a record defines, or that its rows have.</summary>
    public static int IdIn(ReadOnlySpan<byte> body) => MemoryMarshal.Read<int>(body);

    /// <summary>Whether rows of a stream with these columns have this shape.</summary>
    public bool Matches(StreamKey other, IReadOnlyList<BarColumn> others)
    {
        if (others.Count != columns.Length || other != stream)
        {
            return false;
        }

        for (int i = 0; i < columns.Length; i++)
        {
            if (!columns[i].Matches(others[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The record that defines this.</summary>
    public void Encode(RecordBuffer record)
    {
        record.Begin();
        record.WriteInt32(id);
        record.WriteInt32(DefinitionMark);
        record.WriteInt64(stream.Interval.Number);
        record.WriteText(stream.NodeId);
        record.WriteInt32(columns.Length);
        foreach (ShapeColumn column in columns)
        {
            record.WriteInt32((int)column.Type);
            record.WriteInt32(column.HasMarks ? 1 : 0);
            record.WriteText(column.Name);
        }

        record.End();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="ArgumentException">It defines what no rows can have.</exception>
    public static RowShape Decode(ReadOnlySpan<byte> body)
    {
        var reader = new RecordReader(body);
        int id = reader.ReadInt32();
        _ = reader.ReadInt32();
        long interval = reader.ReadInt64();
        var stream = new StreamKey(reader.ReadText()!, BarInterval.FromNumber(interval));
        var columns = new ShapeColumn[reader.ReadInt32()];
        for (int i = 0; i < columns.Length; i++)
        {
            var type = (BarColumnType)reader.ReadInt32();
            bool hasMarks = reader.ReadInt32() != 0;
            columns[i] = ShapeColumn.Create(reader.ReadText()!, type, hasMarks);
        }

        // A frame of them must be possible.
        _ = new BarFrame(
            stream.Interval, ReadOnlyMemory<long>.Empty, [.. columns.Select(column => BarColumn.OfNulls(column.Name, column.Type, 0))]);
        return new RowShape(id, stream, columns);
    }

    /// <summary>Reads rows of this shape without taking them, so that whoever takes them need not fear any.</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="Exception">They cannot be understood.</exception>
    public int Validate(ReadOnlySpan<byte> body)
    {
        var reader = new RecordReader(body);
        _ = reader.ReadInt32();
        int count = reader.ReadInt32();
        foreach (long timestamp in reader.Read<long>(count))
        {
            if (!stream.Interval.IsOnGrid(timestamp))
            {
                throw new InvalidDataException($"No bar of {stream} opens at {timestamp}.");
            }
        }

        foreach (ShapeColumn column in columns)
        {
            column.Skip(ref reader, count);
        }

        return reader.IsAtEnd ? count : throw new InvalidDataException("The record is longer than its rows.");
    }
}

/// <summary>The shapes of the rows that a service records. One thread at a time.</summary>
internal sealed class ShapeTable
{
    // Objects without fixed fields can make any number of shapes; they must not take any amount of memory.
    private const int MostOfStream = 256;

    private readonly Dictionary<StreamKey, List<RowShape>> _shapes = [];
    private RowShape? _last;
    private IReadOnlyList<BarColumn>? _lastColumns;
    private int _count;

    /// <summary>The shape of rows, a new one where there is none like it.</summary>
    public RowShape Find(StreamKey stream, IReadOnlyList<BarColumn> columns)
    {
        // Row after row of one frame is the usual case, and a frame's columns do not change.
        if (_last is not null && stream == _last.Stream && (ReferenceEquals(columns, _lastColumns) || _last.Matches(stream, columns)))
        {
            _lastColumns = columns;
            return _last;
        }

        if (!_shapes.TryGetValue(stream, out List<RowShape>? shapes))
        {
            _shapes.Add(stream, shapes = []);
        }

        _lastColumns = columns;
        _last = shapes.Find(shape => shape.Matches(stream, columns));
        if (_last is null)
        {
            _last = new RowShape(_count++, stream, [.. columns.Select(ShapeColumn.Of)]);
            if (shapes.Count == MostOfStream)
            {
                shapes.Clear();
            }

            shapes.Add(_last);
        }

        return _last;
    }
}
