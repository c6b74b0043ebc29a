using System.Text;
using Qmtl.Data;
using Qmtl.History.QuestDb;
using Qmtl.History.QuestDb.Ilp;
using Qmtl.History.Relational;
using Qmtl.Time;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History.QuestDb;

public sealed class IlpEncoderTests
{
    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    [Fact]
    public void A_bar_is_a_line_of_tag_fields_and_seconds() => Assert.Equal(
        "BTCUSDT,node_id=BTCUSDT interval=60i,open=1.5,trades=7i,closed=t,note=\"x\" 1609459200\n",
        Encode("BTCUSDT", "BTCUSDT", [1609459200], Doubles("open", 1.5), Longs("trades", 7), Flags("closed", true), Texts("note", "x")));

    [Fact]
    public void A_bar_without_a_payload_has_its_interval() => Assert.Equal("t,node_id=n interval=60i 0\nt,node_id=n interval=60i 60\n", Encode("t", "n", [0, 60]));

    [Theory]
    [InlineData("BTC USDT", @"BTC\ USDT")]
    [InlineData("a,b=c", @"a\,b\=c")]
    [InlineData("back\\slash", @"back\\slash")]
    [InlineData("line\nbreak\r", "line\\\nbreak\\\r")]
    [InlineData("say \"x\"", "say\\ \"x\"")]
    [InlineData("ünï¢ødé ノード🚀", "ünï¢ødé\\ ノード🚀")]
    [InlineData("\ttab", "\ttab")]
    public void A_node_id_is_escaped_as_a_tag(string nodeId, string expected) =>
        Assert.Equal($"t,node_id={expected} interval=60i 0\n", Encode("t", nodeId, [0]));

    [Fact]
    public void Names_of_tables_and_columns_are_escaped() => Assert.Equal(
        "all\\ bars\\,\\=^2F,node_id=n interval=60i,bid\\ size\\=x=1i,a^2Db=2i 0\n",
        Encode("all bars,=^2F", "n", [0], Longs("bid size=x", 1), Longs("a-b", 2)));

    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("plain, with = and spaces", "\"plain, with = and spaces\"")]
    [InlineData("quote \" and \\", "\"quote \\\" and \\\\\"")]
    [InlineData("two\r\nlines", "\"two\\\r\\\nlines\"")]
    [InlineData("\"", "\"\\\"\"")]
    [InlineData("é中🚀", "\"é中🚀\"")]
    public void Text_is_quoted_and_escaped(string value, string expected) => Assert.Equal($"t,node_id=n interval=60i,s={expected} 0\n", Encode("t", "n", [0], Texts("s", value)));

    [Theory]
    [InlineData(0.0, "0")]
    [InlineData(-0.0, "-0")]
    [InlineData(0.1, "0.1")]
    [InlineData(-1e-300, "-1E-300")]
    [InlineData(1e300, "1E+300")]
    [InlineData(double.MaxValue, "1.7976931348623157E+308")]
    [InlineData(double.MinValue, "-1.7976931348623157E+308")]
    [InlineData(double.Epsilon, "5E-324")]
    [InlineData(2.2250738585072009E-308, "2.225073858507201E-308")]
    [InlineData(0.30000000000000004, "0.30000000000000004")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void A_double_is_its_shortest_exact_text(double value, string expected) => Assert.Equal($"t,node_id=n interval=60i,d={expected} 0\n", Encode("t", "n", [0], Doubles("d", value)));

    [Theory]
    [InlineData(0L, "0i")]
    [InlineData(-1L, "-1i")]
    [InlineData(long.MaxValue, "9223372036854775807i")]
    [InlineData(long.MinValue + 1, "-9223372036854775807i")]
    [InlineData(long.MinValue, "-9223372036854775808i")]
    public void A_long_ends_in_i(long value, string expected) => Assert.Equal($"t,node_id=n interval=60i,l={expected} 0\n", Encode("t", "n", [0], Longs("l", value)));

    [Fact]
    public void A_null_is_left_out_of_its_line()
    {
        bool[] nulls = [true, false];
        Assert.Equal(
            "t,node_id=n interval=60i 0\nt,node_id=n interval=60i,d=2,l=4i,b=f,s=\"x\" 60\n",
            Encode(
                "t",
                "n",
                [0, 60],
                new BarColumn<double>("d", new double[] { 1, 2 }, nulls),
                new BarColumn<long>("l", new long[] { 3, 4 }, nulls),
                new BarColumn<bool>("b", new[] { true, false }, nulls),
                Texts("s", null, "x")));
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-0.0)]
    [InlineData(double.Epsilon)]
    public void A_binary_double_is_marked_and_little_endian(double value)
    {
        byte[] expected = [.. "t,node_id=n interval=60i,d=="u8, 16, .. BitConverter.GetBytes(value), .. " 0\n"u8];
        Assert.Equal(expected, EncodeBytes("t", "n", [0], binaryDoubles: true, Doubles("d", value)));
    }

    [Fact]
    public void A_binary_double_of_null_is_left_out() => Assert.Equal(
        "t,node_id=n interval=60i 0\n"u8.ToArray(),
        EncodeBytes("t", "n", [0], binaryDoubles: true, new BarColumn<double>("d", new double[] { 1 }, new[] { true })));

    [Fact]
    public void A_double_for_another_kind_of_column_stays_text()
    {
        var column = new PlannedColumn(new StoredColumn("f", StoredType.Single, "FLOAT"), Doubles("f", 1.5));
        Assert.Equal("t,node_id=n interval=60i,f=1.5 0\n"u8.ToArray(), EncodeBytes("t", "n", [0], binaryDoubles: true, column));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(253_402_300_799L)]
    public void Timestamps_of_any_length_fit(long timestamp) => Assert.Equal($"t,node_id=n interval=60i {timestamp}\n", Encode("t", "n", [timestamp]));

    [Fact]
    public void Encoding_stops_when_there_is_enough_and_goes_on_where_it_stopped()
    {
        long[] timestamps = [.. Enumerable.Range(0, 1000).Select(bar => bar * 60L)];
        PlannedColumn[] columns = [Planned(Texts("s", [.. timestamps.Select(timestamp => new string('x', (int)(timestamp % 977)))]))];
        var frame = new PlannedFrame(timestamps, columns);
        IlpEncoder encoder = CreateEncoder("t", "n", binaryDoubles: false);
        IlpColumn[] writers = encoder.ColumnsOf(frame);
        var pieces = new StringBuilder();
        int count = 0;
        using var buffer = new IlpBuffer(16);
        for (int row = 0; row < timestamps.Length;)
        {
            buffer.Clear();
            row = encoder.Encode(timestamps, writers, row, 5000, buffer);
            Assert.True(buffer.Length >= 5000 || row == timestamps.Length);
            pieces.Append(Encoding.UTF8.GetString(buffer.Written.Span));
            count++;
        }

        Assert.True(count > 50);
        Assert.Equal(Encoding.UTF8.GetString(EncodeBytes("t", "n", timestamps, false, columns)), pieces.ToString());
    }

    [Fact]
    public void Numbers_are_encoded_without_an_object_a_row()
    {
        const int Rows = 10_000;
        long[] timestamps = [.. Enumerable.Range(0, Rows).Select(bar => bar * 60L)];
        var frame = new PlannedFrame(timestamps, [Planned(Doubles("d", new double[Rows])), Planned(Longs("l", new long[Rows])), Planned(Flags("b", new bool[Rows]))]);
        IlpEncoder encoder = CreateEncoder("t", "n", binaryDoubles: false);
        IlpColumn[] columns = encoder.ColumnsOf(frame);
        using var buffer = new IlpBuffer(4 << 20);
        encoder.Encode(timestamps, columns, 0, int.MaxValue, buffer);
        buffer.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        encoder.Encode(timestamps, columns, 0, int.MaxValue, buffer);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Rows);
    }

    private static string Encode(string table, string nodeId, long[] timestamps, params BarColumn[] columns) =>
        Encoding.UTF8.GetString(EncodeBytes(table, nodeId, timestamps, false, columns));

    private static byte[] EncodeBytes(string table, string nodeId, long[] timestamps, bool binaryDoubles, params BarColumn[] columns) =>
        EncodeBytes(table, nodeId, timestamps, binaryDoubles, Array.ConvertAll(columns, Planned));

    private static byte[] EncodeBytes(string table, string nodeId, long[] timestamps, bool binaryDoubles, params PlannedColumn[] columns)
    {
        IlpEncoder encoder = CreateEncoder(table, nodeId, binaryDoubles);
        using var buffer = new IlpBuffer(16);
        Assert.Equal(timestamps.Length, encoder.Encode(timestamps, encoder.ColumnsOf(new PlannedFrame(timestamps, columns)), 0, int.MaxValue, buffer));
        return buffer.Written.ToArray();
    }

    private static IlpEncoder CreateEncoder(string table, string nodeId, bool binaryDoubles)
    {
        StoredColumn[] keys = [new("node_id", StoredType.Text, "SYMBOL"), new("interval", StoredType.Int32, "INT"), new("ts", StoredType.Int64, "TIMESTAMP")];
        Assert.True(TableSchema.TryCreate(table, keys, true, out TableSchema? schema, out _));
        return new IlpEncoder(table, schema, new StreamKey(nodeId, Minute), QuestDbNames.EscapeColumn, binaryDoubles);
    }

    private static PlannedColumn Planned(BarColumn column) => new(
        new StoredColumn(column.Name, column.Type switch { BarColumnType.Double => StoredType.Double, BarColumnType.Long => StoredType.Int64, BarColumnType.Boolean => StoredType.Boolean, _ => StoredType.Text }, string.Empty),
        column);
}
