using System.Runtime.CompilerServices;
using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>A column of recorded rows, and how it stands in a record: marks of its nulls where it has any, then its values.</summary>
/// <param name="name">Its name.</param>
/// <param name="type">The type of its values.</param>
/// <param name="hasMarks">Whether a mark for each value says whether it is null. Texts need none: they have a length of their own.</param>
internal abstract class ShapeColumn(string name, BarColumnType type, bool hasMarks)
{
    public string Name => name;

    public BarColumnType Type => type;

    public bool HasMarks => hasMarks;

    /// <summary>A column of that name and type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such type.</exception>
    public static ShapeColumn Create(string name, BarColumnType type, bool hasMarks) =>
        ColumnType.Of(type).Accept(new Maker(name, hasMarks));

    /// <summary>The column that <paramref name="column"/> is recorded as.</summary>
    public static ShapeColumn Of(BarColumn column) => Create(column.Name, column.Type, column.HasNulls);

    /// <summary>Whether a column is recorded as this.</summary>
    public abstract bool Matches(BarColumn column);

    /// <summary>Whether values of one may stand among those of the other; whether they have marks does not matter.</summary>
    public bool IsLike(ShapeColumn other) => Type == other.Type && Name == other.Name;

    /// <summary>The most bytes that values of a column take.</summary>
    public abstract long SizeOf(BarColumn column, int start, int count);

    /// <summary>Writes values of a column.</summary>
    public abstract void Write(BarColumn column, int start, int count, RecordBuffer record);

    /// <summary>Passes over values.</summary>
    public abstract void Skip(ref RecordReader reader, int count);

    /// <summary>Adds values to a column of this type.</summary>
    public abstract void Read(ref RecordReader reader, int count, ColumnBuilder to);

    private readonly record struct Maker(string Name, bool HasMarks) : IColumnTypeVisitor<ShapeColumn>
    {
        public ShapeColumn Visit<T>(ColumnType<T> type) => typeof(T) == typeof(string)
            ? new Texts(Name, type.Type)
            : new FixedSize<T>(Name, type.Type, HasMarks);
    }

    private sealed class FixedSize<T>(string name, BarColumnType type, bool hasMarks) : ShapeColumn(name, type, hasMarks)
    {
        public override bool Matches(BarColumn column) =>
            column is BarColumn<T> values && values.Nulls.IsEmpty != HasMarks && column.Name == Name;

        public override long SizeOf(BarColumn column, int start, int count) =>
            RecordBuffer.Padded((long)count * Unsafe.SizeOf<T>()) + (HasMarks ? RecordBuffer.Padded(count) : 0);

        public override void Write(BarColumn column, int start, int count, RecordBuffer record)
        {
            var values = (BarColumn<T>)column;
            if (HasMarks)
            {
                record.Write(values.Nulls.Span.Slice(start, count));
                record.Pad();
            }

            record.Write(values.Values.Span.Slice(start, count));
            record.Pad();
        }

        public override void Skip(ref RecordReader reader, int count)
        {
            if (HasMarks)
            {
                reader.Read<bool>(count);
                reader.SkipPadding();
            }

            reader.Read<T>(count);
            reader.SkipPadding();
        }

        public override void Read(ref RecordReader reader, int count, ColumnBuilder to)
        {
            ReadOnlySpan<bool> marks = HasMarks ? reader.Read<bool>(count) : default;
            reader.SkipPadding();
            ((ColumnBuilder<T>)to).AddRange(reader.Read<T>(count), marks);
            reader.SkipPadding();
        }
    }

    private sealed class Texts(string name, BarColumnType type) : ShapeColumn(name, type, hasMarks: false)
    {
        public override bool Matches(BarColumn column) => column is BarColumn<string?> && column.Name == Name;

        public override long SizeOf(BarColumn column, int start, int count)
        {
            long bytes = (long)count * sizeof(int);
            foreach (string? text in ((BarColumn<string?>)column).Values.Span.Slice(start, count))
            {
                bytes += (long)(text?.Length ?? 0) * sizeof(char);
            }

            return RecordBuffer.Padded(bytes);
        }

        public override void Write(BarColumn column, int start, int count, RecordBuffer record)
        {
            ReadOnlySpan<string?> texts = ((BarColumn<string?>)column).Values.Span;
            for (int row = start; row < start + count; row++)
            {
                record.WriteText(column.IsNull(row) ? null : texts[row]);
            }

            record.Pad();
        }

        public override void Skip(ref RecordReader reader, int count)
        {
            for (int row = 0; row < count; row++)
            {
                reader.SkipText();
            }

            reader.SkipPadding();
        }

        public override void Read(ref RecordReader reader, int count, ColumnBuilder to)
        {
            for (int row = 0; row < count; row++)
            {
                ((ColumnBuilder<string?>)to).Add(reader.ReadText());
            }

            reader.SkipPadding();
        }
    }
}
