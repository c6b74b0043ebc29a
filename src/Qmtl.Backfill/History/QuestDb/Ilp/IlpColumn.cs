using System.Buffers.Binary;
using System.Globalization;
using Qmtl.Data;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb.Ilp;

/// <summary>Writes the values of one payload column as fields of ILP lines. A null is left out of its line.</summary>
internal abstract class IlpColumn
{
    // Comma, quotes and the longest number of either kind.
    private const int LongestNumber = 32;

    // What introduces a double in binary: the field's equals sign is doubled, then the type.
    private const byte BinaryDouble = 16;

    private readonly byte[] _name;

    private IlpColumn(string name)
    {
        using var buffer = new IlpBuffer(256);
        buffer.Append((byte)',');
        IlpText.WriteName(name, buffer);
        buffer.Append((byte)'=');
        _name = buffer.Written.ToArray();
    }

    /// <summary>A writer of the column's values.</summary>
    /// <param name="column">The values and the table's column that they go into.</param>
    /// <param name="name">That column's name as the server spells it.</param>
    /// <param name="binaryDoubles">Whether the server reads doubles in binary (version 2 of the protocol); as text otherwise.</param>
    public static IlpColumn Create(PlannedColumn column, string name, bool binaryDoubles) => column.Values switch
    {
        BarColumn<double> doubles when binaryDoubles && column.Stored.Type == StoredType.Double =>
            new Bounded<double, BinaryNumber>(name, doubles),
        BarColumn<double> doubles => new Bounded<double, TextNumber>(name, doubles),
        BarColumn<long> longs => new Bounded<long, WholeNumber>(name, longs),
        BarColumn<bool> flags => new Bounded<bool, Flag>(name, flags),
        _ => new Texts(name, column.Values),
    };

    /// <summary>Writes the field of one row, with the comma before it; nothing where the value is null.</summary>
    public abstract void Write(int row, IlpBuffer buffer);

    // How a value is written. The forms are structs, so that the compiler makes code of its own for each: this is done millions of times.
    private interface IForm<in T>
    {
        static abstract int Write(T value, Span<byte> span);
    }

    // Numbers and flags are of bounded length, so name and value take one look at the buffer's room.
    private sealed class Bounded<T, TForm>(string name, BarColumn<T> values) : IlpColumn(name)
        where TForm : struct, IForm<T>
    {
        private readonly bool _hasNulls = values.HasNulls;

        public override void Write(int row, IlpBuffer buffer)
        {
            if (_hasNulls && values.IsNull(row))
            {
                return;
            }

            Span<byte> span = buffer.GetSpan(_name.Length + LongestNumber);
            _name.CopyTo(span);
            buffer.Advance(_name.Length + TForm.Write(values.Values.Span[row], span[_name.Length..]));
        }
    }

    private readonly struct BinaryNumber : IForm<double>
    {
        public static int Write(double value, Span<byte> span)
        {
            span[0] = (byte)'=';
            span[1] = BinaryDouble;
            BinaryPrimitives.WriteDoubleLittleEndian(span[2..], value);
            return 2 + sizeof(double);
        }
    }

    private readonly struct TextNumber : IForm<double>
    {
        // The invariant culture spells NaN, Infinity and -Infinity just as QuestDB wants them, and every other number in the shortest form
        // that is read back as the same.
        public static int Write(double value, Span<byte> span)
        {
            _ = value.TryFormat(span, out int length, default, CultureInfo.InvariantCulture);
            return length;
        }
    }

    private readonly struct WholeNumber : IForm<long>
    {
        public static int Write(long value, Span<byte> span)
        {
            _ = value.TryFormat(span, out int length, default, CultureInfo.InvariantCulture);
            span[length] = (byte)'i';
            return length + 1;
        }
    }

    private readonly struct Flag : IForm<bool>
    {
        public static int Write(bool value, Span<byte> span)
        {
            span[0] = value ? (byte)'t' : (byte)'f';
            return 1;
        }
    }

    private sealed class Texts(string name, BarColumn values) : IlpColumn(name)
    {
        public override void Write(int row, IlpBuffer buffer)
        {
            if (values.GetText(row) is { } text)
            {
                buffer.Append(_name);
                IlpText.WriteString(text, buffer);
            }
        }
    }
}
