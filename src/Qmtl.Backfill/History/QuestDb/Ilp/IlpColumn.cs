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
        BarColumn<double> doubles when binaryDoubles && column.Stored.Type == StoredType.Double => new BinaryDoubles(name, doubles),
        BarColumn<double> doubles => new TextDoubles(name, doubles),
        BarColumn<long> longs => new Longs(name, longs),
        BarColumn<bool> flags => new Flags(name, flags),
        _ => new Texts(name, column.Values),
    };

    /// <summary>Writes the field of one row, with the comma before it; nothing where the value is null.</summary>
    public abstract void Write(int row, IlpBuffer buffer);

    // Numbers and flags are of bounded length, so name and value take one look at the buffer's room.
    private Span<byte> Begin(IlpBuffer buffer)
    {
        Span<byte> span = buffer.GetSpan(_name.Length + LongestNumber);
        _name.CopyTo(span);
        return span[_name.Length..];
    }

    private void End(IlpBuffer buffer, int valueLength) => buffer.Advance(_name.Length + valueLength);

    private sealed class BinaryDoubles(string name, BarColumn<double> values) : IlpColumn(name)
    {
        private readonly bool _hasNulls = values.HasNulls;

        public override void Write(int row, IlpBuffer buffer)
        {
            if (_hasNulls && values.IsNull(row))
            {
                return;
            }

            Span<byte> span = Begin(buffer);
            span[0] = (byte)'=';
            span[1] = BinaryDouble;
            BinaryPrimitives.WriteDoubleLittleEndian(span[2..], values.Values.Span[row]);
            End(buffer, 2 + sizeof(double));
        }
    }

    private sealed class TextDoubles(string name, BarColumn<double> values) : IlpColumn(name)
    {
        private readonly bool _hasNulls = values.HasNulls;

        public override void Write(int row, IlpBuffer buffer)
        {
            if (_hasNulls && values.IsNull(row))
            {
                return;
            }

            // The invariant culture spells NaN, Infinity and -Infinity just as QuestDB wants them, and every other number in
            // the shortest form that is read back as the same.
            _ = values.Values.Span[row].TryFormat(Begin(buffer), out int length, default, CultureInfo.InvariantCulture);
            End(buffer, length);
        }
    }

    private sealed class Longs(string name, BarColumn<long> values) : IlpColumn(name)
    {
        private readonly bool _hasNulls = values.HasNulls;

        public override void Write(int row, IlpBuffer buffer)
        {
            if (_hasNulls && values.IsNull(row))
            {
                return;
            }

            Span<byte> span = Begin(buffer);
            _ = values.Values.Span[row].TryFormat(span, out int length, default, CultureInfo.InvariantCulture);
            span[length] = (byte)'i';
            End(buffer, length + 1);
        }
    }

    private sealed class Flags(string name, BarColumn<bool> values) : IlpColumn(name)
    {
        private readonly bool _hasNulls = values.HasNulls;

        public override void Write(int row, IlpBuffer buffer)
        {
            if (_hasNulls && values.IsNull(row))
            {
                return;
            }

            Begin(buffer)[0] = values.Values.Span[row] ? (byte)'t' : (byte)'f';
            End(buffer, 1);
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
