using Qmtl.Time;

namespace Qmtl.Unit.Time;

public class TimeRangeSetTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Fact]
    public void Neighbouring_bars_are_one_range()
    {
        var set = TimeRangeSet.FromTimestamps(Minute, [60, 120, 180]);

        Assert.Equal(new TimeRange(60, 180), Assert.Single(set));
        Assert.Equal(3, set.BarCount);
    }

    [Fact]
    public void Missing_bars_are_what_is_left_of_the_range()
    {
        var covered = new TimeRangeSet(Minute, new TimeRange(60, 120), new TimeRange(240, 300));

        Assert.Equal(
            [new TimeRange(0, 0), new TimeRange(180, 180), new TimeRange(360, 360)],
            new TimeRangeSet(Minute, new TimeRange(0, 360)).Subtract(covered));
    }

    [Fact]
    public void A_repeated_bar_and_one_off_the_grid_split_nothing() =>
        Assert.Single(TimeRangeSet.FromTimestamps(Minute, [60, 60, 119, 120, 120, 180]));

    [Fact]
    public void Timestamps_that_descend_are_refused() =>
        Assert.Contains("ascending", Assert.Throws<ArgumentException>(() => TimeRangeSet.FromTimestamps(Minute, [120, 60])).Message, StringComparison.Ordinal);

    [Fact]
    public void Sets_of_different_intervals_do_not_mix()
    {
        TimeRangeSet minutes = TimeRangeSet.Empty(Minute);
        TimeRangeSet hours = TimeRangeSet.Empty(BarInterval.Parse("1h"));

        Assert.Contains("1m and of 1h", Assert.Throws<ArgumentException>(() => minutes.Union(hours)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => minutes.Subtract(hours));
        Assert.Throws<ArgumentException>(() => minutes.Intersect(hours));
        Assert.NotEqual(minutes, hours);
    }

    [Fact]
    public void Equality_is_by_the_bars()
    {
        var one = new TimeRangeSet(Minute, new TimeRange(0, 120), new TimeRange(180, 300));
        var same = new TimeRangeSet(Minute, new TimeRange(0, 301));

        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, new TimeRangeSet(Minute, new TimeRange(0, 240)));
    }

    [Fact]
    public void An_empty_set_has_no_bounds_and_holds_nothing()
    {
        TimeRangeSet empty = TimeRangeSet.Empty(Minute);

        Assert.Null(empty.Bounds);
        Assert.False(empty.Contains(0));
        Assert.Equal("no 1m bars", empty.ToString());
    }

    [Fact]
    public void A_set_over_all_of_time_can_be_cut_and_counted()
    {
        var all = new TimeRangeSet(Minute, new TimeRange(DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds()));

        Assert.Equal(2, all.Subtract(new TimeRangeSet(Minute, new TimeRange(0, 0))).Count);
        Assert.Equal(5_258_964_960, all.BarCount);
    }

    [Fact]
    public void A_million_holes_are_found_and_filled_in_one_pass()
    {
        long[] everyOther = [.. Enumerable.Range(0, 1_000_000).Select(i => i * 120L)];
        var odd = TimeRangeSet.FromTimestamps(Minute, everyOther);
        var all = new TimeRangeSet(Minute, new TimeRange(0, everyOther[^1]));

        Assert.Equal(999_999, all.Subtract(odd).Count);
        Assert.Equal(all, all.Subtract(odd).Union(odd));
        Assert.Equal(10, odd.Intersect(new TimeRange(60_000_000, 60_001_199)).Count);
    }

    [Fact]
    public void The_builder_takes_ranges_and_timestamps_in_ascending_order_only()
    {
        var builder = new TimeRangeSetBuilder(Minute);
        builder.Add(new TimeRange(0, 300));
        builder.Add(new TimeRange(60, 120));
        builder.AddTimestamp(360);
        builder.AddTimestamp(361);
        builder.AddTimestamp(480);

        Assert.Equal([new TimeRange(0, 360), new TimeRange(480, 480)], builder.Build());
        Assert.Throws<ArgumentException>(() => builder.AddTimestamp(0));
    }
}
