using Qmtl.Time;

namespace Qmtl.Unit.Time;

public class UnixTimeTests
{
    [Theory]
    [InlineData("2024-01-31", "2024-01-31T00:00:00Z")]
    [InlineData("2024-01-31T09:30", "2024-01-31T09:30:00Z")]
    [InlineData("2024-01-31 09:30:15", "2024-01-31T09:30:15Z")]
    [InlineData("2024-01-31T09:30:00Z", "2024-01-31T09:30:00Z")]
    [InlineData("2024-01-31T09:30:00+02:00", "2024-01-31T07:30:00Z")]
    [InlineData(" 2024-01-31 ", "2024-01-31T00:00:00Z")]
    [InlineData("1706693400", "2024-01-31T09:30:00Z")]
    [InlineData(" -60 ", "1969-12-31T23:59:00Z")]
    public void Times_are_read_as_utc_unless_they_have_an_offset(string text, string expected)
    {
        DateTimeOffset instant = UnixTime.Parse(text);

        Assert.Equal(TimeSpan.Zero, instant.Offset);
        Assert.Equal(expected, UnixTime.Format(instant.ToUnixTimeSeconds()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("2024-13-01")]
    [InlineData("1.5")]
    [InlineData("10:30")]
    [InlineData("Monday")]
    [InlineData("01/02/2024")]
    [InlineData("May 5")]
    public void What_is_no_iso_8601_is_refused_with_the_way_out(string text)
    {
        var error = Assert.Throws<FormatException>(() => UnixTime.Parse(text));

        Assert.Contains($"'{text}' is not a time. Write ISO 8601", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1706693400000")]
    [InlineData("1706693400000000000")]
    public void Milliseconds_are_not_taken_for_seconds(string text) =>
        Assert.Contains("milliseconds", Assert.Throws<FormatException>(() => UnixTime.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(long.MinValue, "before the year 1")]
    [InlineData(-62_135_596_801, "before the year 1")]
    [InlineData(253_402_300_800, "beyond the year 9999")]
    public void Numbers_beyond_the_calendar_are_refused_and_the_side_is_said(long seconds, string side) =>
        Assert.Contains(side, Assert.Throws<FormatException>(() => UnixTime.FromSeconds(seconds)).Message, StringComparison.Ordinal);

    [Fact]
    public void Local_times_are_converted_and_all_others_are_utc()
    {
        var local = new DateTime(2024, 1, 31, 9, 30, 0, DateTimeKind.Local);

        Assert.Equal(new DateTimeOffset(local).ToUniversalTime(), UnixTime.FromDateTime(local));
        Assert.Equal(1706693400, UnixTime.FromDateTime(new DateTime(2024, 1, 31, 9, 30, 0, DateTimeKind.Unspecified)).ToUnixTimeSeconds());
        Assert.Equal(1706693400, UnixTime.FromDateTime(new DateTime(2024, 1, 31, 9, 30, 0, DateTimeKind.Utc)).ToUnixTimeSeconds());
    }

    [Fact]
    public void Numbers_beyond_the_calendar_are_printed_as_they_are() =>
        Assert.Equal("9999999999999", UnixTime.Format(9_999_999_999_999));

    [Theory]
    [InlineData("2024", "2024-01-01", "1970-01-01T00:33:44Z")]
    [InlineData("202407", "2024-07-01", "1970-01-03T08:13:27Z")]
    [InlineData("20240131", "2024-01-31", "1970-08-23T06:15:31Z")]
    public void What_looks_like_a_date_is_not_taken_for_seconds_in_1970(string text, string date, string seconds)
    {
        FormatException error = Assert.Throws<FormatException>(() => UnixTime.Parse(text));

        Assert.Equal($"{text} could be a date as well as Unix seconds. Write {date} for the date, or {seconds} for these seconds.", error.Message);
    }

    [Theory]
    [InlineData(1900)]
    [InlineData(2099)]
    [InlineData(190001)]
    [InlineData(209912)]
    [InlineData(19000101)]
    [InlineData(20991231)]
    public void A_number_is_read_by_the_rule_of_a_text(long number) =>
        Assert.Equal(
            Assert.Throws<FormatException>(() => UnixTime.Parse(number.ToString(System.Globalization.CultureInfo.InvariantCulture))).Message,
            Assert.Throws<FormatException>(() => UnixTime.FromNumber(number)).Message);

    [Theory]
    [InlineData("0")]
    [InlineData("1200")]
    [InlineData("1899")]
    [InlineData("2100")]
    [InlineData("-2024")]
    [InlineData("202413")]
    [InlineData("20241331")]
    [InlineData("1704067200")]
    public void Other_whole_numbers_are_unix_seconds(string text) =>
        Assert.Equal(long.Parse(text, System.Globalization.CultureInfo.InvariantCulture), UnixTime.Parse(text).ToUnixTimeSeconds());
}
