using FsCheck.Xunit;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

public class RawBarsValidationTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly TimeRange Asked = new(60, 300);

    [Fact]
    public void A_clean_answer_passes_as_it_is()
    {
        RawBars raw = Bars([60, 120, 180, 240, 300]);

        ValidatedBars bars = raw.Validate(Minute, Asked, 300);

        Assert.Equal([60, 120, 180, 240, 300], bars.Frame.Timestamps.ToArray());
        Assert.Same(raw.Columns, bars.Frame.Columns);
        Assert.Equal((0L, true), (bars.Rejected.Total, bars.Silent.IsEmpty));
    }

    [Fact]
    public void An_empty_answer_says_that_no_asked_bar_exists()
    {
        ValidatedBars bars = RawBars.Empty.Validate(Minute, Asked, 300);

        Assert.Equal((0, 0L), (bars.Frame.Count, bars.Rejected.Total));
        Assert.Equal(new TimeRangeSet(Minute, Asked), bars.Silent);
    }

    [Fact]
    public void Bars_left_out_between_others_are_silent_and_those_at_the_ends_are_not_reached()
    {
        Assert.Equal([new TimeRange(120, 180)], Validate(60, 240).Silent);
        Assert.Equal([new TimeRange(300, 300)], Validate(60, 240).Unreached);
        Assert.Equal([new TimeRange(60, 60), new TimeRange(240, 300)], Validate(120, 180).Unreached);
    }

    [Fact]
    public void Rows_outside_the_range_are_left_out()
    {
        ValidatedBars bars = Validate(0, 60, 120, 180, 240, 300, 360, 3600);

        Assert.Equal((5, 3L), (bars.Frame.Count, bars.Rejected[RejectionReason.OutsideRange]));
    }

    [Theory]
    [InlineData(0, -60)]
    [InlineData(360, 420)]
    public void An_answer_only_beside_the_range_says_nothing_of_the_range(long first, long second)
    {
        ValidatedBars bars = Validate(Math.Min(first, second), Math.Max(first, second));

        Assert.Equal((0, 2L, true), (bars.Frame.Count, bars.Rejected.Total, bars.Silent.IsEmpty));
    }

    [Fact]
    public void An_answer_on_both_sides_of_the_range_says_that_nothing_is_in_it()
    {
        ValidatedBars bars = Validate(0, 360);

        Assert.Equal(new TimeRangeSet(Minute, Asked), bars.Silent);
    }

    [Fact]
    public void A_row_off_the_grid_is_left_out_and_its_bar_is_missing_but_not_silent()
    {
        ValidatedBars bars = Validate(60, 121, 359);

        Assert.Equal((1, 2L), (bars.Frame.Count, bars.Rejected[RejectionReason.OffGrid]));
        Assert.Equal([new TimeRange(180, 240)], bars.Silent);
    }

    [Fact]
    public void A_row_on_the_grids_second_that_opens_past_it_is_off_the_grid()
    {
        var raw = new RawBars(new long[] { 60, 120 }, [new BarColumn<double>("close", new double[] { 1, 2 })]) { Nanoseconds = new[] { 0, 1_000_000 } };

        ValidatedBars bars = raw.Validate(Minute, Asked, 300);

        Assert.Equal([60L], bars.Frame.Timestamps.ToArray());
        Assert.Equal((1L, false), (bars.Rejected[RejectionReason.OffGrid], bars.Silent.Contains(120)));
    }

    [Fact]
    public void Binances_close_times_are_off_the_grid() =>
        Assert.Equal(2, Validate(119, 179).Rejected[RejectionReason.OffGrid]);

    [Fact]
    public void A_bar_still_forming_is_left_out_and_not_silent()
    {
        ValidatedBars bars = Bars([60, 120, 180, 240]).Validate(Minute, Asked, lastClosedBar: 180);

        Assert.Equal((3, 1L), (bars.Frame.Count, bars.Rejected[RejectionReason.StillForming]));
        Assert.Equal((true, true), (bars.Silent.IsEmpty, bars.Unreached.Contains(300)));
    }

    [Fact]
    public void The_last_of_repeated_rows_is_taken()
    {
        RawBars raw = Bars([60, 120, 60, 120, 60], [1, 2, 3, 4, 5]);

        ValidatedBars bars = raw.Validate(Minute, Asked, 300);

        Assert.Equal([60, 120], bars.Frame.Timestamps.ToArray());
        Assert.Equal([5.0, 4.0], Closes(bars));
        Assert.Equal(3, bars.Rejected[RejectionReason.Contradiction]);
    }

    [Fact]
    public void A_wrong_row_never_replaces_a_right_one_of_the_same_bar()
    {
        ValidatedBars bars = Bars([60, 60], [1, double.NaN]).Validate(Minute, new TimeRange(60, 60), 300);

        Assert.Equal([1.0], Closes(bars));
        Assert.Equal((1L, true), (bars.Rejected[RejectionReason.NotANumber], bars.Silent.IsEmpty));
    }

    [Fact]
    public void Rows_out_of_order_are_put_in_order_with_their_values()
    {
        ValidatedBars bars = Bars([300, 60, 180, 120, 240], [5, 1, 3, 2, 4]).Validate(Minute, Asked, 300);

        Assert.Equal([1.0, 2, 3, 4, 5], Closes(bars));
        Assert.Equal(0, bars.Rejected.Total);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_value_that_is_no_number_spoils_its_row_and_the_bar_is_missing_but_not_silent(double value)
    {
        ValidatedBars bars = Bars([60, 120, 180], [1, value, 3]).Validate(Minute, new TimeRange(60, 180), 300);

        Assert.Equal((2, 1L, true), (bars.Frame.Count, bars.Rejected[RejectionReason.NotANumber], bars.Silent.IsEmpty));
    }

    [Fact]
    public void A_null_beside_a_value_is_kept_and_a_row_of_nulls_is_not()
    {
        var raw = new RawBars(
            new long[] { 60, 120 },
            [new BarColumn<double>("close", new double[] { 1, double.NaN }, new[] { false, true }), new BarColumn<string?>("note", new string?[] { null, null })]);

        ValidatedBars bars = raw.Validate(Minute, new TimeRange(60, 120), 300);

        BarRow row = Assert.Single(bars.Frame.Rows);
        Assert.Equal((60L, 1.0, null), (row.Timestamp, row["close"], row["note"]));
        Assert.Equal((1L, true), (bars.Rejected[RejectionReason.NoPayload], bars.Silent.IsEmpty));
    }

    [Fact]
    public void Rows_of_nothing_but_a_time_are_left_out_and_not_silent()
    {
        ValidatedBars bars = new RawBars(new long[] { 60, 120, 180, 240, 300 }, []).Validate(Minute, Asked, 300);

        Assert.Equal((0, 5L, true), (bars.Frame.Count, bars.Rejected[RejectionReason.NoPayload], bars.Silent.IsEmpty));
    }

    [Fact]
    public void A_value_under_a_null_mark_is_no_value()
    {
        var raw = new RawBars(new long[] { 60 }, [new BarColumn<double>("open", new[] { double.NaN }, new[] { true }), new BarColumn<double>("close", new[] { 1.0 })]);

        Assert.Equal(1, raw.Validate(Minute, Asked, 300).Frame.Count);
    }

    [Fact]
    public void A_row_that_nobody_could_place_makes_all_silence_doubtful()
    {
        foreach (RejectionReason reason in new[] { RejectionReason.MissingTimestamp, RejectionReason.Unreadable })
        {
            var raw = new RawBars(new long[] { 60 }, [new BarColumn<double>("close", new[] { 1.0 })]) { Unreadable = RejectedRows.None.Plus(reason, 2) };

            ValidatedBars bars = raw.Validate(Minute, Asked, 300);

            Assert.Equal((1, 2L, true), (bars.Frame.Count, bars.Rejected[reason], bars.Silent.IsEmpty));
            Assert.Equal(3, raw.RowCount);
        }
    }

    [Theory]
    [InlineData(120, 180, 120, 180)]
    [InlineData(-1000, 120, 60, 120)]
    [InlineData(250, 9999, 300, 300)]
    public void Silence_counts_only_where_the_answer_is_about(long aboutStart, long aboutEnd, long silentStart, long silentEnd)
    {
        var raw = new RawBars(ReadOnlyMemory<long>.Empty, []) { About = new TimeRange(aboutStart, aboutEnd) };

        Assert.Equal([new TimeRange(silentStart, silentEnd)], raw.Validate(Minute, Asked, 300).Silent);
    }

    [Fact]
    public void An_answer_about_something_else_is_silent_about_nothing() =>
        Assert.True(new RawBars(ReadOnlyMemory<long>.Empty, []) { About = new TimeRange(600, 900) }.Validate(Minute, Asked, 300).Silent.IsEmpty);

    [Property(MaxTest = 500)]
    public void Whatever_is_answered_each_asked_bar_is_kept_or_silent_or_in_doubt_and_each_row_is_counted(short[] times, byte[] values)
    {
        // Close to the asked range, so that rows meet, and a third of them off the grid.
        long[] timestamps = [.. times.Select(time => (time % 8 * 60L) + (time % 3 == 0 ? 30 : 0))];
        double[] closes = [.. timestamps.Select((_, i) => i < values.Length && values[i] % 5 == 0 ? double.NaN : i)];

        ValidatedBars bars = Bars(timestamps, closes).Validate(Minute, Asked, lastClosedBar: 240);

        TimeRangeSet kept = bars.Frame.ToRangeSet();
        Assert.Equal(timestamps.Length, bars.Frame.Count + bars.Rejected.Total);
        Assert.Equal(bars.Frame.Count, kept.BarCount);
        Assert.True(new TimeRangeSet(Minute, Asked).Subtract(kept).Equals(new TimeRangeSet(Minute, Asked).Subtract(kept).Union(bars.Silent)));
        Assert.True(bars.Silent.Intersect(kept).IsEmpty);
        Assert.All(timestamps, timestamp => Assert.False(bars.Silent.Contains(Minute.Floor(timestamp))));
        foreach (BarRow row in bars.Frame.Rows)
        {
            int last = Enumerable.Range(0, timestamps.Length).Last(i => timestamps[i] == row.Timestamp && double.IsFinite(closes[i]));
            Assert.Equal((double)last, row["close"]);
        }
    }

    [Fact]
    public void Rejections_are_said_in_words()
    {
        RejectedRows rejected = RejectedRows.None.Plus(RejectionReason.OutsideRange, 3).Plus(RejectedRows.None.Plus(RejectionReason.MissingTimestamp, 1)).Plus(RejectionReason.Duplicate, 0);

        Assert.Equal("1 without a usable ts, 3 outside the asked range", rejected.ToString());
        Assert.Equal(4, rejected.Total);
        Assert.Equal("none", RejectedRows.None.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => RejectedRows.None.Plus(RejectionReason.OffGrid, -1));
    }

    private static ValidatedBars Validate(params long[] timestamps) => Bars(timestamps).Validate(Minute, Asked, 300);

    private static RawBars Bars(long[] timestamps, double[]? closes = null) =>
        new(timestamps, [new BarColumn<double>("close", closes ?? [.. timestamps.Select(timestamp => (double)timestamp)])]);

    private static double[] Closes(ValidatedBars bars) => ((BarColumn<double>)bars.Frame.Columns[0]).Values.ToArray();
}
