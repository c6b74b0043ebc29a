using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Files;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Files;

/// <summary>CSV as other programs write it: names of times, no header at all, decimal commas, other delimiters.</summary>
public sealed class OtherPeoplesCsvTests : IDisposable
{
    private static readonly StreamKey Stream = new("A", BarInterval.Parse("1m"));
    private static readonly long Nine = UnixTime.Parse("2024-02-01T09:00:00Z").ToUnixTimeSeconds();

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Datetime,Open\n2024-02-01 04:00:00-05:00,1\n")]
    [InlineData("Gmt time,Open\n01.02.2024 09:00:00.000,1\n")]
    [InlineData("Date,Open\n2024/02/01 09:00,1\n")]
    [InlineData("time,Open\n2024.02.01 09:00:00,1\n")]
    [InlineData("unix,date,symbol,Open\n1706778000,2024-02-01 00:00:00,A,1\n")]
    [InlineData("https://www.CryptoDataDownload.com\nunix,date,symbol,Open\n1706778000000,2024-02-01 00:00:00,A,1\n")]
    [InlineData("close_time,open_time,Open\n1706778059999,1706778000000,1\n")]
    [InlineData("timeOpen;timeClose;Open;timestamp\n2024-02-01T09:00:00.000Z;2024-02-01T09:00:59.999Z;1;2024-02-01T09:00:59.999Z\n")]
    [InlineData(",Open,close_time\n2024-02-01 09:00:00+00:00,1,1706778059999\n")]
    [InlineData("Date,Time,Open\n01.02.2024,09:00,1\n")]
    public async Task The_open_is_found_and_never_the_close(string content)
    {
        RawBars bars = await FetchAsync(content);

        Assert.Equal([Nine], bars.Timestamps.ToArray());
        Assert.Equal(1.0, Column(bars, "open")[0]);
    }

    [Theory]
    [InlineData("close_time,open\n1706778059999,1\n", "no column holds the bars' time")]
    [InlineData("close_time,open\n1706778059999,1\n", "there are close_time, open (a bar's close is not its open).")]
    [InlineData(",open,close_time\n0,1,1706778059999\n1,1,1706778119999\n", "no column holds the bars' time")]
    [InlineData("Date,open\n02/01/2024 09:00,1\n", "'02/01/2024 09:00' in Date is no bar's open. Write Unix seconds, milliseconds, microseconds or nanoseconds, or ISO 8601, or name the culture of the dates (-Culture, --culture).")]
    [InlineData("ts;open\n60;1,234\n", "'1,234' can be a whole number or one with a fraction")]
    [InlineData("ts;open\n60;1,234\n120;2,345\n", "de-DE for fractions")]
    [InlineData("1706778000,1,2,0.5,1.5,10,3,4\n", "line 1: there is no header, and the columns are not the usual ones")]
    [InlineData("1706778000,1,1,1,1,10\n1706778060,2,2,2,2,10\n", "Give their names (-Header or --header,")]
    [InlineData("1706778000,0.5,2,1,1.5,10\n", "there is no header")]
    [InlineData("1706778000,1,2,0.5,1.5,10,-3\n", "there is no header")]
    [InlineData("1706778000,1,2,0.5,1.5,10,1706778059\n", "there is no header")]
    [InlineData("20240201 090000;1;2;0.5;1.5;0\n", "there is no header")]
    [InlineData("0,1,2,0.5,1.5\n1,1,2,0.5,1.5\n", "there is no header")]
    public async Task What_is_of_two_meanings_or_none_is_refused(string content, string message) => Assert.Contains(
        message, (await Assert.ThrowsAsync<SourceException>(() => FetchAsync(content))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Krakens_files_are_known_by_their_shape()
    {
        RawBars bars = await FetchAsync("1706778000,122.0,122.0,122.0,122.0,0.1,1\n1706778060,122.0,123.5,121.0,123.0,2.25,7\n");

        Assert.Equal(["open", "high", "low", "close", "volume", "trades"], bars.Columns.Select(column => column.Name));
        Assert.Equal([Nine, Nine + 60], bars.Timestamps.ToArray());
        Assert.Equal([0.1, 2.25], Column(bars, "volume"));
        Assert.Equal([1.0, 7.0], Column(bars, "trades"));
    }

    [Theory]
    [InlineData("1706778000000,1,2,0.5,1.5,10,1706778059999,15,3,4,6,0\n")]
    [InlineData("1706778000000000,1,2,0.5,1.5,10,1706778059999999,15,3,4,6,0\n")]
    public async Task Binances_files_are_known_by_their_shape_and_have_the_names_of_its_API(string content)
    {
        RawBars bars = await FetchAsync(content);

        Assert.Equal(
            ["open", "high", "low", "close", "volume", "quote_volume", "trades", "taker_buy_base_volume", "taker_buy_quote_volume"],
            bars.Columns.Select(column => column.Name));
        Assert.Equal([1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3.0, 4.0, 6.0], bars.Columns.Select(column => column.GetValue(0)));
        Assert.Equal([Nine], bars.Timestamps.ToArray());
    }

    [Fact]
    public async Task MetaTraders_files_are_known_by_their_shape()
    {
        RawBars bars = await FetchAsync("2024.02.01,09:00,1,2,0.5,1.5,10\n2024.02.01,09:01,1,2,0.5,1.5,11\n");

        Assert.Equal([Nine, Nine + 60], bars.Timestamps.ToArray());
        Assert.Equal([10.0, 11.0], Column(bars, "volume"));
    }

    [Fact]
    public async Task Names_that_are_given_make_the_first_line_a_row()
    {
        RawBars bars = await FetchAsync(
            "1706778000,7,1,2\n1706778060,8,3,4\n", new() { Header = ["ts", "id", "low", "high"] });

        Assert.Equal([Nine, Nine + 60], bars.Timestamps.ToArray());
        Assert.Equal(["id", "low", "high"], bars.Columns.Select(column => column.Name));
        Assert.Equal([1.0, 3.0], Column(bars, "low"));
        SourceException error = await Assert.ThrowsAsync<SourceException>(() => FetchAsync("1706778000,7\n", new() { Header = ["ts"] }));
        Assert.Contains("the header that was given has 1 names, and the line 2 fields", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ts;open;volume\n1706778000;1,5;1.234,5\n1706778060;2;1.234\n", null, 1.5, 1234.5, 1234.0)]
    [InlineData("ts\topen\tvolume\n1706778000\t1,5\t0,25\n1706778060\t2\t1,234\n", null, 1.5, 0.25, 1.234)]
    [InlineData("ts;open;volume\n1706778000;1,234;5\n1706778060;2;6\n", "de-DE", 1.234, 5.0, 6.0)]
    [InlineData("ts;open;volume\n1706778000;1,234;5\n1706778060;2;6\n", "en-US", 1234.0, 5.0, 6.0)]
    [InlineData("ts;open;volume\n1706778000;1'234.5;5\n1706778060;2;6\n", "de-CH", 1234.5, 5.0, 6.0)]
    [InlineData("ts;open;volume\n1706778000;1 234,5;5\n1706778060;2;6\n", "fr-FR", 1234.5, 5.0, 6.0)]
    [InlineData("ts,open,volume\n1706778000,\"1,234.5\",5\n1706778060,2,6\n", "en-US", 1234.5, 5.0, 6.0)]
    [InlineData("ts,open,volume\n1706778000,\"1,5\",\"0,5\"\n1706778060,2,6\n", null, 1.5, 0.5, 6.0)]
    public async Task Numbers_with_a_decimal_comma_or_of_a_named_culture_are_read(
        string content, string? culture, double open, double volume, double next)
    {
        RawBars bars = await FetchAsync(content, new() { Culture = culture });

        Assert.Equal(open, Column(bars, "open")[0]);
        Assert.Equal([volume, next], Column(bars, "volume"));
    }

    [Fact]
    public async Task A_point_where_the_comma_is_decimal_is_no_number_and_is_named()
    {
        RawBars bars = await FetchAsync("ts;open;close\n1706778000;1,5;2.5\n1706778060;2,5;3,5\n");

        Assert.StartsWith("'2.5' in close of line 2 is no number", Assert.Single(bars.Notes).Text, StringComparison.Ordinal);
        Assert.Equal([1.5, 2.5], Column(bars, "open"));
    }

    [Fact]
    public void Cultures_are_as_Unicode_tells_of_them()
    {
        // CLDR's versions differ on Canada's English, and a file's dates are Gregorian in any culture.
        foreach (CultureInfo culture in CultureInfo.GetCultures(CultureTypes.SpecificCultures))
        {
            string name = culture.Name;
            if (name is "en-CA" or "en-US-POSIX" || !TryOf(name, out CsvCulture? read))
            {
                continue;
            }

            string pattern = Regex.Replace(culture.DateTimeFormat.ShortDatePattern, "'[^']*'|[^yMd]", string.Empty);
            DateOrder dates = pattern[0] switch { 'y' => DateOrder.YearFirst, 'M' => DateOrder.MonthFirst, _ => DateOrder.DayFirst };
            Assert.Equal((name, dates), (name, read.Dates));
            if (culture.NumberFormat.NumberDecimalSeparator is "." or ",")
            {
                Assert.Equal((name, culture.NumberFormat.NumberDecimalSeparator == ","), (name, read.HasDecimalComma));
            }
        }

        static bool TryOf(string name, [NotNullWhen(true)] out CsvCulture? culture)
        {
            try
            {
                culture = CsvCulture.Of(name);
            }
            catch (ArgumentException)
            {
                culture = null;
            }

            return culture is not null;
        }
    }

    [Theory]
    [InlineData("ja-JP")]
    [InlineData("sv")]
    [InlineData("zh-Hans-CN")]
    [InlineData("en-CA")]
    public async Task Where_a_culture_writes_the_year_first_one_at_the_end_tells_no_month(string culture)
    {
        var error = await Assert.ThrowsAsync<SourceException>(() => FetchAsync("Date,Open\n1/2/2024 9:00,1\n", new() { Culture = culture }));
        RawBars bars = await FetchAsync("Date,Open\n2024/02/01 9:00,1\n", new() { Culture = culture });

        Assert.Contains("'1/2/2024 9:00' in Date is no bar's open.", error.Message, StringComparison.Ordinal);
        Assert.Equal([Nine], bars.Timestamps.ToArray());
    }

    [Theory]
    [InlineData("Date,Open\n1/2/2024 9:00,1\n", "en-GB", true)]
    [InlineData("Date,Open\n2/1/2024 9:00,1\n", "en-US", true)]
    [InlineData("Date;Open\n01.02.2024 09:00;1,5\n", "de", false)]
    public async Task Dates_are_read_as_the_culture_writes_them(string content, string culture, bool isOne)
    {
        RawBars bars = await FetchAsync(content, new() { Culture = culture });

        Assert.Equal([Nine], bars.Timestamps.ToArray());
        Assert.Equal(isOne ? 1.0 : 1.5, Column(bars, "open")[0]);
    }

    [Fact]
    public async Task A_delimiter_that_is_given_is_taken() =>
        Assert.Equal([2.0], Column(await FetchAsync("ts|open,a|close\n1706778000|1|2\n", new() { Delimiter = '|' }), "close"));

    [Fact]
    public async Task Names_that_mean_one_thing_are_ours_and_adjusted_closes_stay_beside_the_close()
    {
        RawBars bars = await FetchAsync(
            "Open time,OPEN,Close,Adj Close,Number of trades,Quote asset volume\n1706778000000,1,2,1.9,3,4\n");

        Assert.Equal(["open", "close", "Adj Close", "trades", "quote_volume"], bars.Columns.Select(column => column.Name));
    }

    [Fact]
    public void A_culture_that_is_none_is_refused_at_once_and_another_reading_is_another_source()
    {
        string path = _folder.Write("ts;open\n60;1,234\n", ".csv");

        Assert.Contains(
            "'xx-YY' is no culture",
            Assert.Throws<ArgumentException>(() => new FileFetcher(new SourceOptions { Path = path, Culture = "xx-YY" })).Message,
            StringComparison.Ordinal);
        Assert.NotEqual(
            new FileFetcher(new SourceOptions { Path = path, Culture = "de-DE" }).Name,
            new FileFetcher(new SourceOptions { Path = path, Culture = "en-US" }).Name);
    }

    private static object?[] Column(RawBars bars, string name)
    {
        BarColumn column = Assert.Single(bars.Columns, column => column.Name == name);
        return [.. Enumerable.Range(0, column.Length).Select(column.GetValue)];
    }

    private Task<RawBars> FetchAsync(string content, SourceOptions? options = null) =>
        new FileFetcher((options ?? new()) with { Path = _folder.Write(content, ".csv") })
            .FetchAsync(Stream, new TimeRange(0, 4_000_000_020), CancellationToken.None);
}
