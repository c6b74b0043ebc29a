using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

public class BarFrameTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Theory]
    [InlineData(60, 60, "ascend and be unique")]
    [InlineData(120, 60, "ascend and be unique")]
    [InlineData(60, 121, "No 1m bar opens at 1970-01-01T00:02:01Z")]
    [InlineData(61, 121, "No 1m bar opens at 1970-01-01T00:01:01Z")]
    public void Bars_that_repeat_descend_or_leave_the_grid_are_refused(long first, long second, string message)
    {
        var error = Assert.Throws<ArgumentException>(() => new BarFrame(Minute, new[] { first, second }, []));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_must_be_as_long_as_the_frame_and_named_apart()
    {
        Assert.Throws<ArgumentException>(() => new BarFrame(Minute, new long[] { 60 }, [new BarColumn<long>("n", new long[2])]));
        Assert.Throws<ArgumentException>(() => new BarFrame(Minute, new long[] { 60 }, [new BarColumn<long>("n", new long[1]), new BarColumn<long>("N", new long[1])]));
        Assert.Throws<ArgumentException>(() => new BarFrame(Minute, new long[] { 60 }, [new BarColumn<long>("ts", new long[1])]));
    }

    [Fact]
    public void Rows_see_the_columns_by_name_and_by_place()
    {
        BarFrame frame = Frame(60, 120);

        BarRow row = frame.Rows.Last();

        Assert.Equal((120L, 2.0, 2.0, null), (row.Timestamp, row["CLOSE"], row[0], row["nothing"]));
        Assert.Null(row["note"]);
        Assert.Equal("n60", frame.Rows.First()["note"]);
    }

    [Fact]
    public void A_slice_is_a_view_of_its_bars()
    {
        BarFrame slice = Frame(60, 120, 240, 300).Slice(1, 2);

        Assert.Equal([120, 240], slice.Timestamps.ToArray());
        Assert.Equal([2.0, 4.0], slice.Rows.Select(row => row["close"]));
        Assert.Equal(new TimeRange(120, 240), slice.Bounds);
        Assert.Equal(2, slice.ToRangeSet().BarCount);
    }

    [Fact]
    public void An_intersection_keeps_the_bars_in_the_set_with_their_values()
    {
        BarFrame frame = Frame(60, 120, 180, 240, 300);

        BarFrame some = frame.Intersect(TimeRangeSet.FromTimestamps(Minute, [0, 60, 180, 240, 900]));

        Assert.Equal([60, 180, 240], some.Timestamps.ToArray());
        Assert.Equal([1.0, 3.0, 4.0], some.Rows.Select(row => row["close"]));
        Assert.Equal(["n60", "n180", null], some.Rows.Select(row => row["note"]));
        Assert.Same(frame, frame.Intersect(new TimeRangeSet(Minute, new TimeRange(0, 900))));
        Assert.Equal([120, 180], frame.Intersect(new TimeRangeSet(Minute, new TimeRange(120, 180))).Timestamps.ToArray());
        Assert.Equal(0, frame.Intersect(TimeRangeSet.Empty(Minute)).Count);
    }

    [Fact]
    public void A_frame_with_a_hole_is_not_taken_for_a_whole_one()
    {
        BarFrame frame = Frame(60, 180);

        Assert.Equal([60], frame.Intersect(new TimeRangeSet(Minute, new TimeRange(0, 120))).Timestamps.ToArray());
    }

    [Fact]
    public void An_empty_frame_has_no_bounds()
    {
        BarFrame empty = BarFrame.Empty(Minute);

        Assert.Equal((0, null), (empty.Count, empty.Bounds));
        Assert.Empty(empty.Rows);
        Assert.True(empty.ToRangeSet().IsEmpty);
        Assert.Equal(0, empty.Intersect(TimeRangeSet.Empty(Minute)).Count);
    }

    [Fact]
    public void A_column_knows_its_nulls_however_they_are_marked()
    {
        var marked = new BarColumn<double>("d", new double[] { 1, 2, 3 }, new[] { false, true, false });
        var unmarked = new BarColumn<long>("l", new long[3], new bool[3]);
        var text = new BarColumn<string?>("s", new[] { "a", null, "c" });

        Assert.Equal((true, false, true), (marked.HasNulls, unmarked.HasNulls, text.HasNulls));
        Assert.Equal([null, 3.0], new[] { marked.GetValue(1), marked.Slice(2, 1).GetValue(0) });
        Assert.False(marked.Slice(2, 1).HasNulls);
        Assert.Equal([3.0, null], Enumerable.Range(0, 2).Select(marked.Select([2, 1]).GetValue));
        Assert.Equal(["c", null], Enumerable.Range(0, 2).Select(text.Select([2, 1]).GetValue));
        Assert.True(unmarked.Nulls.IsEmpty);
        foreach (BarColumnType type in Enum.GetValues<BarColumnType>())
        {
            BarColumn nulls = BarColumn.OfNulls("x", type, 2);
            Assert.Equal((type, 2, true, true), (nulls.Type, nulls.Length, nulls.IsNull(0), nulls.IsNull(1)));
        }

        Assert.Throws<ArgumentException>(() => new BarColumn<double>("d", new double[2], new bool[3]));
        Assert.Throws<ArgumentException>(() => new BarColumn<int>("i", new int[1]));
        Assert.Throws<ArgumentException>(() => new BarColumn<long>(" ", new long[1]));
    }

    private static BarFrame Frame(params long[] timestamps) => new(
        Minute,
        timestamps,
        [
            new BarColumn<double>("close", Array.ConvertAll(timestamps, timestamp => timestamp / 60.0)),
            new BarColumn<string?>("note", Array.ConvertAll(timestamps, timestamp => timestamp % 120 == 60 || timestamp == 180 ? $"n{timestamp}" : null)),
        ]);
}
