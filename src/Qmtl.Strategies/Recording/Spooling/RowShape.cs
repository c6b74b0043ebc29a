using System.Runtime.InteropServices;
using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>A column of recorded rows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="HasMarks">Whether a mark before each value says that it is null. Texts need none: they have a length of their own.</param>
internal readonly record struct ShapeColumn(string Name, BarColumnType Type, bool HasMarks)
{
    public static ShapeColumn Of(BarColumn column) => new(column.Name, column.Type, !MarksOf(column).IsEmpty);

    /// <summary>The null marks of a column; empty where it has none.</summary>
    public static ReadOnlyMemory<bool> MarksOf(BarColumn column) => column switch
    {
        BarColumn<double> numbers => numbers.Nulls,
        BarColumn<long> numbers => numbers.Nulls,
        BarColumn<bool> flags => flags.Nulls,
        _ => default,
    };
}

/// <summary>What recorded rows have in common: their stream and their columns. It is written once a file, so that rows need not repeat it.</summary>
internal sealed class RowShape
{
    private const int DefinitionMark = -1;

    public RowShape(int id, StreamKey stream, ShapeColumn[] columns)
    {
        Id = id;
        Stream = stream;
        Columns = columns;
    }

    /// <summary>The number by which rows name their shape; each service counts its own.</summary>
    public int Id { get; }

    public StreamKey Stream { get; }

    public ShapeColumn[] Columns { get; }

    /// <summary>The number of the last segment that this was written into; 0 for none.</summary>
    public long WrittenTo { get; set; }

    /// <summary>Whether a record defines a shape; otherwise it holds rows of one.</summary>
    public static bool IsDefinition(ReadOnlySpan<byte> body) => MemoryMarshal.Read<int>(body[sizeof(int)..]) == DefinitionMark;

    public bool Matches(StreamKey stream, IReadOnlyList<BarColumn> columns)
    {
        if (columns.Count != Columns.Length || stream != Stream)
        {
            return false;
        }

        for (int i = 0; i < Columns.Length; i++)
        {
            if (Columns[i] != ShapeColumn.Of(columns[i]))
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
        record.WriteInt32(Id);
        record.WriteInt32(DefinitionMark);
        record.WriteInt64(Stream.Interval.Number);
        record.WriteText(Stream.NodeId);
        record.WriteInt32(Columns.Length);
        foreach (ShapeColumn column in Columns)
        {
            record.WriteInt32((int)column.Type);
            record.WriteInt32(column.HasMarks ? 1 : 0);
            record.WriteText(column.Name);
        }

        record.End();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    public static RowShape Decode(ReadOnlySpan<byte> body)
    {
        var reader = new RecordReader(body);
        int id = reader.ReadInt32();
        _ = reader.ReadInt32();
        long interval = reader.ReadInt64();
        var stream = new StreamKey(reader.ReadText()!, Time.BarInterval.FromNumber(interval));
        var columns = new ShapeColumn[reader.ReadInt32()];
        for (int i = 0; i < columns.Length; i++)
        {
            var type = (BarColumnType)reader.ReadInt32();
            bool hasMarks = reader.ReadInt32() != 0;
            columns[i] = new ShapeColumn(reader.ReadText()!, type, hasMarks);
        }

        return new RowShape(id, stream, columns);
    }
}
