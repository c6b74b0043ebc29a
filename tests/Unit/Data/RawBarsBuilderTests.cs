using System.Collections;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

public class RawBarsBuilderTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    private sealed record Candle(long Timestamp, double Open, decimal Close, int Trades);

    public static TheoryData<object> Rows =>
    [
        new Hashtable { ["ts"] = 60, ["open"] = 1, ["close"] = 2.5, ["trades"] = 3 },
        new Dictionary<string, object?> { ["TS"] = 60L, ["open"] = 1f, ["close"] = 2.5m, ["trades"] = (short)3 },
        new SortedList<string, object?> { ["ts"] = "1970-01-01T00:01:00Z", ["open"] = "1", ["close"] = "2.5", ["trades"] = 3UL },
        new Candle(60, 1, 2.5m, 3),
        new { ts = 60.0, open = (byte)1, close = 2.5, trades = 3u },
        new { ts = DateTimeOffset.FromUnixTimeSeconds(60), open = 1L, close = 2.5, trades = 3 },
        new { ts = 60UL, open = 1, close = 2.5, trades = 3 },
        new { Timestamp = new DateTime(1970, 1, 1, 0, 1, 0, DateTimeKind.Utc), open = (Half)1, close = 2.5, trades = (sbyte)3, node_id = "N", interval = 60 },
    ];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Rows_of_any_shape_become_the_same_columns(object row)
    {
        RawBars bars = RawBars.FromRows([row]);

        Assert.Equal([60], bars.Timestamps.ToArray());
        Dictionary<string, BarColumn> columns = bars.Columns.ToDictionary(column => column.Name, StringComparer.OrdinalIgnoreCase);
        Assert.Equal(3, columns.Count);
        Assert.Equal((1.0, 2.5, 3.0), (columns["open"].GetValue(0), columns["close"].GetValue(0), columns["trades"].GetValue(0)));
        Assert.Equal(0, bars.Unreadable.Total);
    }

    [Fact]
    public void A_column_with_a_blank_name_is_refused_with_the_way_out()
    {
        var error = Assert.Throws<ArgumentException>(() => RawBars.FromRows([new Hashtable { ["ts"] = 60, [" "] = 1 }]));

        Assert.StartsWith("A payload column has a blank name. Name it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_of_a_frame_can_be_fed_back()
    {
        RawBars first = RawBars.FromRows([new { ts = 60, close = 1.5, live = true, note = "a" }, new { ts = 120, close = 2.5, live = false, note = "b" }]);
        BarFrame frame = first.Validate(Minute, new TimeRange(0, 120), 120).Frame;

        RawBars again = RawBars.FromRows(frame.Rows.Cast<object?>());

        Assert.Equal([60, 120], again.Timestamps.ToArray());
        Assert.Equal([1.5, true, "a"], again.Columns.Select(column => column.GetValue(0)));
    }

    [Fact]
    public void Columns_have_the_type_that_holds_all_values_and_numbers_are_doubles()
    {
        RawBars bars = RawBars.FromRows(
        [
            new { ts = 60, whole = (object?)1, number = (object?)1, flag = (object?)true, text = (object?)"a", mixed = (object?)1, nothing = (object?)null },
            new { ts = 120, whole = (object?)2L, number = (object?)2.5, flag = (object?)false, text = (object?)"b", mixed = (object?)true, nothing = (object?)null },
            new { ts = 180, whole = (object?)null, number = (object?)null, flag = (object?)null, text = (object?)null, mixed = (object?)null, nothing = (object?)DBNull.Value },
        ]);

        Assert.Equal(
            [("whole", BarColumnType.Double), ("number", BarColumnType.Double), ("flag", BarColumnType.Boolean), ("text", BarColumnType.String), ("mixed", BarColumnType.String), ("nothing", BarColumnType.Double)],
            bars.Columns.Select(column => (column.Name, column.Type)));
        Assert.Equal([2.0, 2.5, false, "b", "true", null], bars.Columns.Select(column => column.GetValue(1)));
        Assert.All(bars.Columns, column => Assert.Null(column.GetValue(2)));
    }

    [Fact]
    public void A_measure_is_a_number_whatever_it_looks_like_and_has_one_spelling()
    {
        RawBars bars = RawBars.FromRows([new { ts = 60, Close = 1, VOLUME = "2.5", open = "n/a" }]);

        Assert.Equal(["close", "volume", "open"], bars.Columns.Select(column => column.Name));
        Assert.All(bars.Columns, column => Assert.Equal(BarColumnType.Double, column.Type));
        Assert.Equal([1.0, 2.5, null], bars.Columns.Select(column => column.GetValue(0)));
    }

    private sealed record Declared(long Ts, long Trades, ulong? Id);

    [Fact]
    public void Whole_numbers_stay_whole_where_their_type_declares_it()
    {
        RawBars bars = RawBars.FromRows([new Declared(60, 3, 4), new Declared(120, 5, null)]);

        Assert.Equal([("Trades", BarColumnType.Long), ("Id", BarColumnType.Long)], bars.Columns.Select(column => (column.Name, column.Type)));
        BarFrame frame = bars.Validate(Minute, new TimeRange(60, 120), 120).Frame;
        Assert.Equal(BarColumnType.Long, RawBars.FromRows(frame.Rows.Cast<object?>()).Columns[0].Type);
    }

    [Fact]
    public void Words_that_stand_for_no_number_are_nulls_among_numbers_and_text_among_texts()
    {
        string[] words = ["null", "N/A", "-", "", "NaN", " "];
        RawBars bars = RawBars.FromRows([
            .. words.Select((word, i) => new { ts = 60 * i, funding = (object)word, note = word }),
            new { ts = 600, funding = (object)0.5, note = "a" }]);

        Assert.Equal([BarColumnType.Double, BarColumnType.String], bars.Columns.Select(column => column.Type));
        Assert.Equal([null, null, null, null, null, null, 0.5], Enumerable.Range(0, 7).Select(bars.Columns[0].GetValue));
        Assert.Equal("N/A", bars.Columns[1].GetValue(1));
        Assert.Empty(bars.Notes);
    }

    [Fact]
    public void A_price_or_count_that_cannot_be_read_rejects_its_row_and_another_number_becomes_null_and_both_are_told()
    {
        RawBars bars = RawBars.FromRows(
        [
            new { ts = 0, close = (object)1, trades = (object)5, funding = (object)0.5 },
            new { ts = 60, close = (object)"1,5", trades = (object)6, funding = (object)0.25 },
            new { ts = 120, close = (object)2, trades = (object)"abc", funding = (object)1 },
            new { ts = 180, close = (object)3, trades = (object)7, funding = (object)"\u001b[31m" },
        ]);

        ValidatedBars valid = bars.Validate(Minute, new TimeRange(0, 180), 180);

        Assert.Equal([0, 180], valid.Frame.Timestamps.ToArray());
        Assert.Equal(2, valid.Rejected[RejectionReason.NotANumber]);
        Assert.True(valid.Silent.IsEmpty);
        Assert.Null(valid.Frame.FindColumn("funding")!.GetValue(1));
        Assert.Equal(
            ["'1,5' in close of 1970-01-01T00:01:00Z", "'abc' in trades of 1970-01-01T00:02:00Z", "'\\u001b[31m' in funding of 1970-01-01T00:03:00Z"],
            bars.Notes.Select(note => note.Text[..note.Text.IndexOf(" is no number", StringComparison.Ordinal)]));
    }

    [Fact]
    public void Large_whole_numbers_keep_all_their_digits()
    {
        RawBars bars = RawBars.FromRows([new { ts = 60, id = 9_007_199_254_740_993L }]);

        Assert.Equal(9_007_199_254_740_993L, bars.Columns[0].GetValue(0));
    }

    [Fact]
    public void Columns_that_only_some_rows_have_are_null_in_the_others()
    {
        RawBars bars = RawBars.FromRows(
        [
            new { ts = 60, close = 1.0 },
            new { ts = 120, close = 2.0, note = "late" },
            new { ts = 180, close = 3.0 },
        ]);

        Assert.Equal([null, "late", null], Enumerable.Range(0, 3).Select(bars.Columns[1].GetValue));
        Assert.Equal(3, bars.Columns[1].Length);
    }

    [Fact]
    public void Names_that_differ_in_case_are_one_column()
    {
        RawBars bars = RawBars.FromRows([new { ts = 60, Note = "a" }, new { ts = 120, note = "b" }]);

        Assert.Equal("Note", Assert.Single(bars.Columns).Name);
        Assert.Equal("b", bars.Columns[0].GetValue(1));
    }

    [Fact]
    public void Rows_without_a_usable_time_are_counted()
    {
        RawBars bars = RawBars.FromRows(
        [
            new { close = 1.0 },
            new { ts = (long?)null, close = 1.0 },
            new { ts = 60.5, close = 1.0 },
            new { ts = double.NaN, close = 1.0 },
            new { ts = "soon", close = 1.0 },
            new { ts = new object(), close = 1.0 },
            new { ts = 1e300, close = 1.0 },
            new { ts = 60, close = 1.0 },
        ]);

        Assert.Equal((7L, 1), (bars.Unreadable[RejectionReason.MissingTimestamp], bars.Timestamps.Length));
        Assert.Equal(8, bars.RowCount);
    }

    [Fact]
    public void A_row_off_the_second_keeps_its_place_and_its_rest()
    {
        RawBars bars = RawBars.FromRows(
        [
            new { ts = (object)60, close = 1.0 },
            new { ts = (object)DateTimeOffset.UnixEpoch.AddMilliseconds(134_789), close = 2.0 },
            new { ts = (object)"1969-12-31T23:59:59.9999999Z", close = 3.0 },
            new { ts = (object)180, close = 4.0 },
        ]);

        Assert.Equal(0, bars.Unreadable.Total);
        Assert.Equal([60L, 134, -1, 180], bars.Timestamps.ToArray());
        Assert.Equal([0, 789_000_000, 999_999_900, 0], bars.Nanoseconds.ToArray());
        Assert.True(RawBars.FromRows([new { ts = 60, close = 1.0 }]).Nanoseconds.IsEmpty);
        Assert.Throws<ArgumentException>(() => new RawBars(new long[] { 60, 120 }, []) { Nanoseconds = new[] { 1 } });
    }

    [Fact]
    public void What_is_no_row_is_counted()
    {
        RawBars bars = RawBars.FromRows([null, 42, "text", 1.5m, DateTime.UnixEpoch, new[] { 1, 2 }, new { ts = 60, close = 1.0 }]);

        Assert.Equal((6L, 1), (bars.Unreadable[RejectionReason.Unreadable], bars.Timestamps.Length));
    }

    [Fact]
    public void A_row_counted_as_unreadable_can_be_added_by_its_reader()
    {
        var builder = new RawBarsBuilder();
        builder.AddUnreadable();
        builder.AddRow(new { ts = 60, close = 1.0 });

        Assert.Equal(2, builder.Build().RowCount);
    }

    [Fact]
    public void A_table_of_bars_refuses_columns_that_cannot_be_stored()
    {
        var close = new BarColumn<double>("close", new[] { 1.0 });

        Assert.Contains("2 rows", Assert.Throws<ArgumentException>(() => new RawBars(new long[] { 60 }, [new BarColumn<double>("close", new double[2])])).Message, StringComparison.Ordinal);
        Assert.Contains("Two columns", Assert.Throws<ArgumentException>(() => new RawBars(new long[] { 60 }, [close, new BarColumn<double>("CLOSE", new[] { 1.0 })])).Message, StringComparison.Ordinal);
        foreach (string key in new[] { "ts", "Node_Id", "INTERVAL" })
        {
            Assert.Contains("key column", Assert.Throws<ArgumentException>(() => new RawBars(new long[] { 60 }, [new BarColumn<double>(key, new[] { 1.0 })])).Message, StringComparison.Ordinal);
        }

        Assert.Contains("63 characters", Assert.Throws<ArgumentException>(() => new RawBars(new long[] { 60 }, [new BarColumn<double>(new string('x', 64), new[] { 1.0 })])).Message, StringComparison.Ordinal);
    }
}
