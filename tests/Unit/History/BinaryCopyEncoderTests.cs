using Qmtl.Data;
using Qmtl.History.Relational;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Time;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public sealed class BinaryCopyEncoderTests
{
    private static readonly StreamKey Stream = new("é", BarInterval.FromSeconds(60));

    [Fact]
    public void The_header_and_trailer_are_those_of_the_documentation()
    {
        Assert.Equal("5047434F50590AFF0D0A000000000000000000", Convert.ToHexString(BinaryCopyEncoder.Header));
        Assert.Equal("FFFF", Convert.ToHexString(BinaryCopyEncoder.Trailer));
    }

    [Fact]
    public void A_row_is_its_fields_each_with_its_length()
    {
        PlannedFrame frame = Frame(
            [60],
            (StoredType.Double, Doubles("a", 1.5)),
            (StoredType.Int64, Longs("b", -2L)),
            (StoredType.Boolean, Flags("c", true)),
            (StoredType.Text, Texts("d", "hé")),
            (StoredType.Int16, Longs("e", 3L)),
            (StoredType.Single, Doubles("f", 0.5)));
        Assert.Equal(
            "0009" + "00000002C3A9" + "000000040000003C" + "00000008000000000000003C"
            + "000000083FF8000000000000" + "00000008FFFFFFFFFFFFFFFE" + "0000000101" + "0000000368C3A9" + "000000020003" + "000000043F000000",
            Encode(frame, Stream, 1000));
    }

    [Fact]
    public void Nulls_and_NaN_are_fields_of_length_minus_one()
    {
        PlannedFrame frame = Frame(
            [0],
            (StoredType.Double, Doubles("a", double.NaN)),
            (StoredType.Int64, BarColumn.OfNulls("b", BarColumnType.Long, 1)),
            (StoredType.Boolean, BarColumn.OfNulls("c", BarColumnType.Boolean, 1)),
            (StoredType.Text, BarColumn.OfNulls("d", BarColumnType.String, 1)));
        Assert.Equal("0005" + "000000080000000000000000" + "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", Encode(frame, null, 1000));
    }

    [Fact]
    public void Numbers_sent_as_text_are_the_shortest_that_read_back()
    {
        PlannedFrame frame = Frame([0], (StoredType.Text, Doubles("a", 0.1)), (StoredType.Text, Longs("b", -12L)));
        Assert.Equal("0003" + "000000080000000000000000" + "00000003302E31" + "000000032D3132", Encode(frame, null, 1000));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(47)]
    [InlineData(48)]
    [InlineData(49)]
    [InlineData(95)]
    [InlineData(96)]
    [InlineData(10_000)]
    public void Rows_are_never_cut_wherever_the_buffer_ends(int bufferSize)
    {
        long[] timestamps = [.. Enumerable.Range(0, 50).Select(bar => bar * 60L)];
        PlannedFrame frame = Frame(timestamps, (StoredType.Double, new BarColumn<double>("a", new double[50])));
        Assert.Equal(Encode(frame, Stream, 1 << 20), Encode(frame, Stream, Math.Max(bufferSize, 44)));
    }

    [Fact]
    public void A_row_that_does_not_fit_is_left_for_a_larger_buffer()
    {
        PlannedFrame frame = Frame([0], (StoredType.Text, Texts("a", new string('x', 100))));
        var encoder = new BinaryCopyEncoder(Stream, StoredType.Int32, StoredType.Int64, frame, column => column.Type);
        int row = 0;
        Assert.Equal(0, encoder.Encode(ref row, new byte[100]));
        Assert.Equal(0, row);
    }

    private static PlannedFrame Frame(long[] timestamps, params (StoredType Type, BarColumn Values)[] columns) =>
        new(timestamps, [.. columns.Select(column => new PlannedColumn(new StoredColumn(column.Values.Name, column.Type, "type"), column.Values))]);

    private static string Encode(PlannedFrame frame, StreamKey? stream, int bufferSize)
    {
        var encoder = new BinaryCopyEncoder(stream, StoredType.Int32, StoredType.Int64, frame, column => column.Type);
        byte[] buffer = new byte[bufferSize];
        var all = new List<byte>();
        int row = 0;
        while (row < frame.Timestamps.Length)
        {
            int written = encoder.Encode(ref row, buffer);
            Assert.NotEqual(0, written);
            all.AddRange(buffer.AsSpan(0, written));
        }

        return Convert.ToHexString([.. all]);
    }
}
