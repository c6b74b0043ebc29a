using FsCheck.Xunit;
using Qmtl.Time;

namespace Qmtl.Unit.Time;

public class BarIntervalTests
{
    private const long Monday = 1_704_067_200;

    [Theory]
    [InlineData("60", 60, "1m")]
    [InlineData("60s", 60, "1m")]
    [InlineData("90", 90, "90s")]
    [InlineData("1m", 60, "1m")]
    [InlineData("5m", 300, "5m")]
    [InlineData(" 1h ", 3600, "1h")]
    [InlineData("1H", 3600, "1h")]
    [InlineData("24h", 86_400, "1d")]
    [InlineData("1d", 86_400, "1d")]
    [InlineData("7d", 604_800, "1w")]
    [InlineData("1w", 604_800, "1w")]
    [InlineData("10d", 864_000, "10d")]
    [InlineData("00:05:00", 300, "5m")]
    [InlineData("1.00:00:00", 86_400, "1d")]
    [InlineData("2147483647", 2_147_483_647, "2147483647s")]
    public void Every_form_is_read_and_the_shortest_is_printed(string text, long seconds, string shortest)
    {
        var interval = BarInterval.Parse(text);

        Assert.Equal(seconds, interval.Seconds);
        Assert.Equal(TimeSpan.FromSeconds(seconds), interval.Duration);
        Assert.Equal(shortest, interval.ToString());
        Assert.True(BarInterval.TryParse(text, out BarInterval same));
        Assert.Equal(interval, same);
    }

    [Theory]
    [InlineData("1m", 5, "5m")]
    [InlineData("1d", 7, "1w")]
    [InlineData("1d@08:00", 2, "2d@08:00")]
    [InlineData("1M", 3, "3M")]
    [InlineData("2M", 601, "1200M")]
    [InlineData("1d", 100_000, "2147483647s")]
    public void Several_bars_of_one_interval_are_one_of_a_longer(string bars, long count, string made) =>
        Assert.Equal(made, BarInterval.Parse(bars).Times(count).ToString());

    [Theory]
    [InlineData("0M", "from 1 to 1200 calendar months long (minutes are a small m)")]
    [InlineData("-1M", "from 1 to 1200 calendar months")]
    [InlineData("1201M", "from 1 to 1200 calendar months")]
    [InlineData("1h@08:00", "the whole hour at which days or weeks open")]
    [InlineData("1M@08:00", "the whole hour at which days or weeks open")]
    [InlineData("1d@08:30", "the whole hour at which days or weeks open")]
    [InlineData("1d@24:00", "the whole hour at which days or weeks open")]
    [InlineData("1d@8", "the whole hour at which days or weeks open")]
    [InlineData("1d@-08:00", "the whole hour at which days or weeks open")]
    [InlineData("1d@Tue", "the whole hour at which days or weeks open")]
    [InlineData("1w@Xyz16:00", "the whole hour at which days or weeks open")]
    [InlineData("1w@", "the whole hour at which days or weeks open")]
    [InlineData("@08:00", "Write seconds (60)")]
    [InlineData("0", "from 1 to 2147483647")]
    [InlineData("0m", "from 1 to 2147483647")]
    [InlineData("-5m", "from 1 to 2147483647")]
    [InlineData("2147483648", "from 1 to 2147483647")]
    [InlineData("9999w", "from 1 to 2147483647")]
    [InlineData("99999999999999999999", "Write seconds (60)")]
    [InlineData("", "Write seconds (60)")]
    [InlineData("m", "Write seconds (60)")]
    [InlineData("1x", "Write seconds (60)")]
    [InlineData("1 m 5", "Write seconds (60)")]
    [InlineData("1.5m", "Write whole seconds (60)")]
    [InlineData("0.5", "Write whole seconds (60)")]
    [InlineData("00:00:00", "whole number of seconds, from 1")]
    [InlineData("-00:01:00", "whole number of seconds, from 1")]
    [InlineData("00:00:01.5", "whole number of seconds, from 1")]
    [InlineData("30000.00:00:00", "whole number of seconds, from 1")]
    public void Anything_else_is_refused_with_the_value_and_the_rule(string text, string rule)
    {
        var error = Assert.Throws<FormatException>(() => BarInterval.Parse(text));

        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
        Assert.False(BarInterval.TryParse(text, out _));
    }

    [Theory]
    [InlineData("1M", -1, "1M")]
    [InlineData("3M", -3, "3M")]
    [InlineData("12M", -12, "12M")]
    [InlineData("1200M", -1200, "1200M")]
    [InlineData("1d@08:00", -800_001, "1d@08:00")]
    [InlineData("24h@23:00", -2_300_001, "1d@23:00")]
    [InlineData("3D@05:00", -500_003, "3d@05:00")]
    [InlineData("1w@08:00", -800_007, "1w@08:00")]
    [InlineData("1w@mon08:00", -800_007, "1w@08:00")]
    [InlineData("1w@Sun16:00", -16_000_007, "1w@Sun16:00")]
    [InlineData("2w@WED", -4_800_014, "2w@Wed")]
    [InlineData("3500w@Sun23:00", -16_724_500, "3500w@Sun23:00")]
    [InlineData("1d@00:00", 86_400, "1d")]
    [InlineData("1w@Mon", 604_800, "1w")]
    [InlineData("60", 60, "1m")]
    public void Calendars_have_a_text_and_a_number_that_are_read_back(string text, int number, string shortest)
    {
        var interval = BarInterval.Parse(text);

        Assert.Equal((number, shortest), (interval.Number, interval.ToString()));
        Assert.Equal((interval, interval), (BarInterval.FromNumber(number), BarInterval.Parse(shortest)));
        Assert.Equal(number is > 0 or < -1200, interval.IsFixed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1201)]
    [InlineData(-99_999)]
    [InlineData(-100_000)]
    [InlineData(-2_400_001)]
    [InlineData(-16_800_007)]
    [InlineData(-899_999)]
    [InlineData(int.MinValue)]
    [InlineData(long.MinValue)]
    [InlineData(int.MaxValue + 1L)]
    public void Other_numbers_name_no_interval(long number) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromNumber(number));

    [Fact]
    public void A_month_has_a_mean_length()
    {
        var month = BarInterval.Parse("1M");

        Assert.Equal(TimeSpan.FromDays(30.436875), month.Duration);
        Assert.Equal(2_629_746, month.Seconds);
        Assert.True(month != BarInterval.Parse("1m") && month > BarInterval.Parse("30d") && month < BarInterval.Parse("31d") && month < BarInterval.Parse("2M"));
        Assert.NotEqual(BarInterval.Parse("1d"), BarInterval.Parse("1d@08:00"));
        Assert.True(BarInterval.Parse("1d") < BarInterval.Parse("1d@08:00"));
    }

    [Fact]
    public void Numbers_and_spans_that_are_no_interval_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromSeconds(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromSeconds(-60));
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromSeconds(int.MaxValue + 1L));
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromTimeSpan(TimeSpan.FromMilliseconds(1500)));
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromTimeSpan(TimeSpan.Zero));
        Assert.False(BarInterval.TryParse(null, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromMonths(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BarInterval.FromMonths(1201));
        Assert.Throws<InvalidOperationException>(() => default(BarInterval).Seconds);
        Assert.Throws<InvalidOperationException>(() => default(BarInterval).Number);
        Assert.Throws<InvalidOperationException>(() => default(BarInterval).Floor(0));
    }

    [Property]
    public void What_is_printed_is_read_back(int seconds)
    {
        var interval = BarInterval.FromSeconds((uint)seconds % int.MaxValue + 1L);

        Assert.Equal(interval, BarInterval.Parse(interval.ToString()));
        Assert.Equal(interval, BarInterval.FromTimeSpan(interval.Duration));
    }

    [Property]
    public void Floor_is_the_last_open_not_after_and_ceiling_the_first_not_before(int timestamp, int seconds)
    {
        var interval = BarInterval.FromSeconds((uint)seconds % 2_000_000 + 1L);
        long floor = interval.Floor(timestamp);
        long ceiling = interval.Ceiling(timestamp);

        Assert.InRange(timestamp - floor, 0, interval.Seconds - 1);
        Assert.InRange(ceiling - timestamp, 0, interval.Seconds - 1);
        Assert.True(interval.IsOnGrid(floor) && interval.IsOnGrid(ceiling));
        Assert.Equal(interval.IsOnGrid(timestamp), floor == ceiling);
    }

    [Theory]
    [InlineData("1w", Monday, true)]
    [InlineData("1w", Monday + 86_400, false)]
    [InlineData("1w", 0, false)]
    [InlineData("1w", -259_200, true)]
    [InlineData("2w", Monday, false)]
    [InlineData("2w", Monday + 604_800, true)]
    [InlineData("1d", Monday, true)]
    [InlineData("3d", Monday - 86_400, true)]
    [InlineData("1h", Monday + 1800, false)]
    public void Weeks_open_on_Monday_and_all_else_counts_from_the_epoch(string interval, long timestamp, bool onGrid) =>
        Assert.Equal(onGrid, BarInterval.Parse(interval).IsOnGrid(timestamp));

    [Theory]
    [InlineData(119, 0)]
    [InlineData(120, 60)]
    [InlineData(179, 60)]
    [InlineData(-1, -120)]
    public void The_last_closed_bar_is_never_the_one_still_forming(long now, long open)
    {
        Assert.Equal(open, BarInterval.Parse("1m").LastClosedBar(now));
        Assert.Equal(open, BarInterval.Parse("1m").LastClosedBar(DateTimeOffset.FromUnixTimeSeconds(now)));
    }

    [Fact]
    public void Intervals_compare_by_length()
    {
        BarInterval minute = BarInterval.Parse("1m");
        BarInterval hour = BarInterval.Parse("1h");

        Assert.True(minute < hour && hour > minute && minute <= hour && hour >= minute && minute != hour);
        Assert.True(minute == BarInterval.Parse("60"));
        Assert.Equal(minute.GetHashCode(), BarInterval.Parse("60").GetHashCode());
    }
}
