using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using static Qmtl.Unit.Caching.CacheBars;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Caching;

public class NodeCacheColumnTests
{
    private readonly NodeCache _cache = new(10);

    public static TheoryData<object> Values => [1.5, double.NaN, double.NegativeInfinity, long.MaxValue, -3L, true, "text", 1.25m, new DateTime(2024, 1, 31, 0, 0, 0, DateTimeKind.Utc)];

    [Theory]
    [MemberData(nameof(Values))]
    public void What_a_node_gave_comes_back_as_it_was(object value)
    {
        _cache.Append(Btc, 60, Payload.From(value));

        (long timestamp, Payload payload) = _cache.Latest(Btc)!.Value;

        Assert.Equal(60, timestamp);
        Assert.Equal(value, payload.ToObject());
        Assert.IsType(value.GetType(), payload.ToObject());
        Assert.Equal(value, _cache.View[Btc].GetValue("value"));
        object? inFrame = _cache.Slice(Btc, 1).GetRow(0)["value"];
        Assert.Equal(value is decimal or DateTime ? Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) : value, inFrame);
    }

    [Fact]
    public void An_object_is_not_copied()
    {
        int[] value = [1, 2];
        _cache.Append(Btc, 60, Payload.From(value));

        Assert.Same(value, _cache.Latest(Btc)!.Value.Payload.ToObject());
        Assert.Same(value, _cache.View[Btc].Values<object>("value")[0]);
    }

    [Fact]
    public void Dropped_objects_are_not_kept_in_memory()
    {
        var cache = new NodeCache(1);
        WeakReference dropped = Append(cache, 0);
        for (int i = 1; i < 5; i++)
        {
            Append(cache, i);
        }

        GC.Collect();
        Assert.False(dropped.IsAlive);
        GC.KeepAlive(cache);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Append(NodeCache cache, int index)
        {
            object value = new();
            cache.Append(Btc, index * 60L, Payload.From(value));
            return new WeakReference(value);
        }
    }

    [Fact]
    public void A_frame_that_was_appended_to_its_end_is_not_kept_in_memory()
    {
        WeakReference values = AppendAll(_cache);

        GC.Collect();
        Assert.False(values.IsAlive);
        Assert.Equal(2, _cache.Count(Btc));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference AppendAll(NodeCache cache)
        {
            double[] closes = [1, 2];
            var frame = new BarFrame(Minute, new long[] { 60, 120 }, [Doubles("close", closes)]);
            cache.Append(Btc, 60, Payload.FromBar(frame.GetRow(0)));
            cache.Append(Btc, 120, Payload.FromBar(frame.GetRow(1)));
            return new WeakReference(closes);
        }
    }

    [Fact]
    public void A_column_that_comes_later_is_null_before_and_one_that_stays_away_is_null_after()
    {
        _cache.Append(Btc, 60, Bar(Doubles("close", 1)));
        _cache.Append(Btc, 120, Bar(Longs("trades", 7), Doubles("close", 2)));
        _cache.Append(Btc, 180, Bar(Texts("tag", "x")));
        _cache.Append(Btc, 240, 0.5);

        Assert.Equal(["close", "trades", "tag", "value"], _cache.View[Btc].Columns);
        Assert.Equal([1.0, 2.0, null, null], ValuesOf("close"));
        Assert.Equal([null, 7L, null, null], ValuesOf("trades"));
        Assert.Equal([null, null, "x", null], ValuesOf("tag"));
        Assert.Equal([null, null, null, 0.5], ValuesOf("value"));
        Assert.Equal([1.0, 2.0, double.NaN, double.NaN], _cache.View[Btc].Values("close").ToArray());
        Assert.Equal(PayloadKind.Bar, _cache.Latest(Btc)!.Value.Payload.Kind);
    }

    [Fact]
    public void A_repeated_bar_is_replaced_with_all_its_columns()
    {
        _cache.Append(Btc, 60, Bar(Doubles("close", 1), Longs("trades", 7)));
        _cache.Append(Btc, 60, Bar(Doubles("close", 2)));

        Assert.Equal([2.0], ValuesOf("close"));
        Assert.Equal([null], ValuesOf("trades"));
    }

    [Fact]
    public void Columns_are_matched_by_name_without_case_in_any_order()
    {
        _cache.Append(Btc, 60, Bar(Doubles("Open", 1), Doubles("Close", 2)));
        _cache.Append(Btc, 120, Bar(Doubles("close", 4), Doubles("open", 3)));
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 0 }, [Doubles("CLOSE", 6), Doubles("OPEN", 5)]));

        Assert.Equal(["Open", "Close"], _cache.View[Btc].Columns);
        Assert.Equal([5.0, 1.0, 3.0], ValuesOf("OPEN"));
        Assert.Equal([6.0, 2.0, 4.0], ValuesOf("CLOSE"));
    }

    [Fact]
    public void A_null_comes_back_as_null_and_a_nan_as_nan()
    {
        var column = new BarColumn<double>("close", new[] { 1, double.NaN, 3 }, new[] { true, false, false });
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 60, 120, 180 }, [column]));

        Assert.Equal([null, double.NaN, 3.0], ValuesOf("close"));
        Assert.Equal([double.NaN, double.NaN, 3], _cache.View[Btc].Values("close").ToArray());
    }

    [Fact]
    public void Rows_of_part_of_a_frame_are_the_right_ones()
    {
        var frame = new BarFrame(Minute, new long[] { 60, 120, 180, 240 }, [new BarColumn<long>("n", new long[] { 1, 2, 3, 4 }, new[] { false, false, true, false })]);
        BarFrame part = frame.Slice(1, 3);
        _cache.Append(Btc, 120, Payload.FromBar(part.GetRow(0)));
        _cache.BackfillBulk(Btc, part.Slice(1, 2));

        Assert.Equal([2L, null, 4L], ValuesOf("n"));
    }

    [Fact]
    public void Whole_numbers_go_into_a_column_of_doubles_where_none_loses_digits()
    {
        _cache.Append(Btc, 60, 1.5);
        _cache.Append(Btc, 120, Payload.From(1L << 53));
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 0 }, [Longs("value", -7)]));

        Assert.Equal([-7.0, 1.5, 9007199254740992.0], ValuesOf("value"));
        foreach (long inexact in new[] { (1L << 53) + 1, long.MaxValue })
        {
            var error = Assert.Throws<InvalidOperationException>(() => _cache.Append(Btc, 180, Payload.From(inexact)));
            Assert.Contains("losing digits", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(3, _cache.Count(Btc));
    }

    [Fact]
    public void A_column_of_whole_numbers_becomes_one_of_doubles_where_none_held_loses_digits()
    {
        _cache.Append(Btc, 60, Bar(Longs("n", 3)));
        _cache.Append(Btc, 120, Bar());
        _cache.Append(Btc, 180, Bar(Doubles("n", 0.5)));
        Assert.Equal([3.0, null, 0.5], ValuesOf("n"));

        _cache.Append(Btc, 60, Bar(Longs("exact", long.MaxValue)));
        Assert.Throws<InvalidOperationException>(() => _cache.Append(Btc, 240, Bar(Doubles("exact", 0.5))));
        Assert.Equal([long.MaxValue, null, null], ValuesOf("exact"));
    }

    [Fact]
    public void A_column_of_nulls_takes_the_type_of_the_first_value()
    {
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 60, 120 }, [BarColumn.OfNulls("tag", BarColumnType.Double, 2)]));
        _cache.Append(Btc, 180, Bar(Texts("tag", "x")));
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 240 }, [BarColumn.OfNulls("tag", BarColumnType.Long, 1)]));

        Assert.Equal([null, null, "x", null], ValuesOf("tag"));
    }

    public static TheoryData<BarColumn, BarColumn, string> Conflicts => new()
    {
        { Doubles("x", 1), Texts("x", "1"), "Column 'x' of BTCUSDT 1m holds numbers (double) and cannot take text (string)." },
        { Texts("x", "1"), Doubles("X", 1), "Column 'x' of BTCUSDT 1m holds text (string) and cannot take numbers (double)." },
        { Flags("x", true), Longs("x", 1), "Column 'x' of BTCUSDT 1m holds flags (bool) and cannot take whole numbers (long)." },
        { Longs("x", 1), Flags("x", true), "Column 'x' of BTCUSDT 1m holds whole numbers (long) and cannot take flags (bool)." },
        { Doubles("x", 1), Longs("x", long.MaxValue), "Column 'x' of BTCUSDT 1m holds numbers (double) and cannot take whole numbers (long) without losing digits." },
    };

    [Theory]
    [MemberData(nameof(Conflicts))]
    public void A_type_that_does_not_go_with_the_held_one_is_refused_and_nothing_changes(BarColumn held, BarColumn incoming, string message)
    {
        foreach (int inPlaceLimit in new[] { 0, int.MaxValue })
        {
            var cache = new NodeCache(10, inPlaceLimit);
            cache.Append(Btc, 60, Bar(held));
            var frame = new BarFrame(Minute, new long[] { 120 }, [Doubles("new", 1), incoming]);

            var appended = Assert.Throws<InvalidOperationException>(() => cache.Append(Btc, 120, Payload.FromBar(frame.GetRow(0))));
            var merged = Assert.Throws<InvalidOperationException>(() => cache.BackfillBulk(Btc, frame));

            Assert.StartsWith(message, appended.Message, StringComparison.Ordinal);
            Assert.Equal(appended.Message, merged.Message);
            Assert.Equal(1, cache.Count(Btc));
            Assert.Equal([held.Name], cache.View[Btc].Columns);
            Assert.True(cache.State.GetRanges(Btc).IsEmpty);

            // And what fits is still taken.
            cache.Append(Btc, 120, Bar(held));
            Assert.Equal([held.GetValue(0), held.GetValue(0)], Enumerable.Range(0, 2).Select(i => cache.View[Btc].GetValue("x", i)));
        }
    }

    [Fact]
    public void A_value_column_among_others_is_one_of_a_bar()
    {
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 60, 120 }, [new BarColumn<double>("value", new[] { 1.0, 0 }, new[] { false, true })]));
        Assert.True(_cache.Latest(Btc)!.Value.Payload.IsNone);

        _cache.Append(Btc, 120, 2.5);
        Assert.Equal(2.5, _cache.Latest(Btc)!.Value.Payload.Number);

        _cache.Append(Btc, 180, Bar(Doubles("close", 1)));
        Assert.Equal(1.0, _cache.Latest(Btc)!.Value.Payload.Bar["close"]);
        Assert.Equal(180, _cache.Latest(Btc)!.Value.Payload.Bar.Timestamp);
    }

    private IEnumerable<object?> ValuesOf(string column) => _cache.Slice(Btc, int.MaxValue).Rows.Select(row => row[column]);
}
