using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Qmtl.Data;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Writes the values of one payload column as fields of binary COPY: a length of four bytes (-1 for a null), then the value, big-endian.</summary>
internal abstract class BinaryCopyColumn
{
    private const int NullLength = -1;

    /// <summary>A writer of the column's values as values of <paramref name="type"/>, which keeps them all.</summary>
    public static BinaryCopyColumn Create(BarColumn column, StoredType type) => column switch
    {
        BarColumn<double> doubles => new DoubleColumn(doubles, type),
        BarColumn<long> longs => new LongColumn(longs, type),
        BarColumn<bool> flags => new BooleanColumn(flags),
        BarColumn<string?> texts => new TextColumn(texts),
        _ => throw new ArgumentException($"A column of {column.Type} cannot be written.", nameof(column)),
    };

    /// <summary>Writes the field of <paramref name="row"/> at <paramref name="position"/> and moves that on; false where there is no room.</summary>
    public abstract bool TryWrite(int row, Span<byte> destination, ref int position);

    /// <summary>Writes a whole number as one of 2, 4 or 8 bytes, or as text.</summary>
    public static bool TryWriteWhole(long value, StoredType type, Span<byte> destination, ref int position)
    {
        if (type == StoredType.Text)
        {
            return TryWriteText(value.ToString(CultureInfo.InvariantCulture), destination, ref position);
        }

        int size = type switch { StoredType.Int16 => sizeof(short), StoredType.Int32 => sizeof(int), _ => sizeof(long) };
        if (!TryWriteLength(size, destination, ref position))
        {
            return false;
        }

        Span<byte> field = destination[position..];
        switch (size)
        {
            case sizeof(short):
                BinaryPrimitives.WriteInt16BigEndian(field, (short)value);
                break;
            case sizeof(int):
                BinaryPrimitives.WriteInt32BigEndian(field, (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64BigEndian(field, value);
                break;
        }

        position += size;
        return true;
    }

    private static bool TryWriteNumber(double value, StoredType type, Span<byte> destination, ref int position)
    {
        // The shortest text that reads back as the same number: the decimal that a person would have written.
        if (type == StoredType.Text)
        {
            return TryWriteText(value.ToString("R", CultureInfo.InvariantCulture), destination, ref position);
        }

        int size = type == StoredType.Single ? sizeof(float) : sizeof(double);
        if (!TryWriteLength(size, destination, ref position))
        {
            return false;
        }

        if (size == sizeof(float))
        {
            BinaryPrimitives.WriteSingleBigEndian(destination[position..], (float)value);
        }
        else
        {
            BinaryPrimitives.WriteDoubleBigEndian(destination[position..], value);
        }

        position += size;
        return true;
    }

    private static bool TryWriteText(string text, Span<byte> destination, ref int position)
    {
        int start = position + sizeof(int);
        if (start > destination.Length || !Encoding.UTF8.TryGetBytes(text, destination[start..], out int bytes))
        {
            return false;
        }

        BinaryPrimitives.WriteInt32BigEndian(destination[position..], bytes);
        position = start + bytes;
        return true;
    }

    private static bool TryWriteNull(Span<byte> destination, ref int position)
    {
        if (destination.Length - position < sizeof(int))
        {
            return false;
        }

        BinaryPrimitives.WriteInt32BigEndian(destination[position..], NullLength);
        position += sizeof(int);
        return true;
    }

    private static bool TryWriteLength(int size, Span<byte> destination, ref int position)
    {
        if (destination.Length - position < sizeof(int) + size)
        {
            return false;
        }

        BinaryPrimitives.WriteInt32BigEndian(destination[position..], size);
        position += sizeof(int);
        return true;
    }

    private sealed class DoubleColumn(BarColumn<double> column, StoredType type) : BinaryCopyColumn
    {
        private readonly bool _hasNulls = column.HasNulls;

        public override bool TryWrite(int row, Span<byte> destination, ref int position)
        {
            double value = column.Values.Span[row];

            // A NaN is no value: SQLite and QuestDB keep it as null, and so does every store.
            return (_hasNulls && column.IsNull(row)) || double.IsNaN(value)
                ? TryWriteNull(destination, ref position)
                : TryWriteNumber(value, type, destination, ref position);
        }
    }

    private sealed class LongColumn(BarColumn<long> column, StoredType type) : BinaryCopyColumn
    {
        private readonly bool _hasNulls = column.HasNulls;

        public override bool TryWrite(int row, Span<byte> destination, ref int position) => _hasNulls && column.IsNull(row)
            ? TryWriteNull(destination, ref position)
            : TryWriteWhole(column.Values.Span[row], type, destination, ref position);
    }

    private sealed class BooleanColumn(BarColumn<bool> column) : BinaryCopyColumn
    {
        public override bool TryWrite(int row, Span<byte> destination, ref int position)
        {
            if (column.IsNull(row))
            {
                return TryWriteNull(destination, ref position);
            }

            if (!TryWriteLength(sizeof(byte), destination, ref position))
            {
                return false;
            }

            destination[position++] = column.Values.Span[row] ? (byte)1 : (byte)0;
            return true;
        }
    }

    private sealed class TextColumn(BarColumn<string?> column) : BinaryCopyColumn
    {
        public override bool TryWrite(int row, Span<byte> destination, ref int position) => column.IsNull(row)
            ? TryWriteNull(destination, ref position)
            : TryWriteText(column.Values.Span[row]!, destination, ref position);
    }
}
