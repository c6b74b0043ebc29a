using Qmtl.Time;

namespace Qmtl.Unit.Time;

public sealed class AskedTimeTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.Parse("2024-03-31T12:34:56Z", System.Globalization.CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("2024-01-31", false, "2024-01-31T00:00:00Z")]
    [InlineData("2024-01-31", true, "2024-01-31T23:59:59Z")]
    [InlineData(" 2024-01-31 ", true, "2024-01-31T23:59:59Z")]
    [InlineData("2024-1-31", true, "2024-01-31T23:59:59Z")]
    [InlineData("2024-01-31Z", true, "2024-01-31T23:59:59Z")]
    [InlineData("2024-01-31T00:00", true, "2024-01-31T00:00:00Z")]
    [InlineData("2024-01-31T00:00:00+09:00", true, "2024-01-30T15:00:00Z")]
    [InlineData("1706659200", true, "2024-01-31T00:00:00Z")]
    [InlineData("-7d", false, "2024-03-24T12:34:56Z")]
    [InlineData("-12h", true, "2024-03-31T00:34:56Z")]
    [InlineData("-1M", false, "2024-02-29T12:34:56Z")]
    [InlineData("-60", false, "1969-12-31T23:59:00Z")]
    public void A_text_is_a_moment_a_day_or_so_long_ago(string text, bool isEnd, string expected) =>
        Assert.Equal(expected, UnixTime.Format(AskedTime.Parse(text, Now, isEnd).ToUnixTimeSeconds()));

    [Theory]
    [InlineData("-7x")]
    [InlineData("7d")]
    [InlineData("-9999999w")]
    [InlineData("yesterday")]
    public void Anything_else_is_refused(string text) => Assert.Throws<FormatException>(() => AskedTime.Parse(text, Now));

    [Theory]
    [InlineData("3", "1m", null, "2024-03-31T12:31:00Z")]
    [InlineData("1d", "1m", null, "2024-03-30T12:34:00Z")]
    [InlineData("1d", "1d", null, "2024-03-30T00:00:00Z")] // the day that has closed
    [InlineData("2", "1M", null, "2024-01-01T00:00:00Z")]
    [InlineData("30d", "1h", "2024-01-31T23:59:59Z", "2024-01-02T00:00:00Z")]
    [InlineData("1M", "1h", "2024-01-31T23:59:59Z", "2024-01-01T00:00:00Z")]
    [InlineData("2", "1h", "2999-01-01T00:00:00Z", "2024-03-31T10:00:00Z")] // no further than what has closed
    public void A_span_ends_with_the_last_bar(string span, string interval, string? end, string expected)
    {
        DateTimeOffset? last = end is null ? null : UnixTime.Parse(end);
        DateTimeOffset start = AskedSpan.Parse(span).StartOf(BarInterval.Parse(interval), last, Now);
        Assert.Equal(expected, UnixTime.Format(start.ToUnixTimeSeconds()));
        Assert.Equal(span, AskedSpan.Parse(span).ToString());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("1d@08:00")]
    [InlineData("many")]
    public void A_span_is_a_count_or_a_length(string text) => Assert.Throws<FormatException>(() => AskedSpan.Parse(text));

    [Fact]
    public void The_last_bars_of_a_set_are_those_that_it_holds()
    {
        BarInterval minute = BarInterval.Parse("1m");
        var bars = new TimeRangeSet(minute, new TimeRange(60, 180), new TimeRange(600, 660), new TimeRange(900, 900));
        Assert.Equal([900, 660, 600, 180, 60, 60], new[] { 1, 2, 3, 4, 6, 99 }.Select(count => bars.OpenOfLast(count)));
    }
}
