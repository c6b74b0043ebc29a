using System.Globalization;
using System.Text;
using Qmtl.Cli.Logging;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Files;
using Qmtl.Time;
using Qmtl.Unit.Cli;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Files;

public sealed class CsvFetcherTests : IDisposable
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly StreamKey Bitcoin = new("BTCUSDT", Minute);
    private static readonly TimeRange Everything = new(0, 4_000_000_020);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1570752000", "1570752060", "Unix seconds")]
    [InlineData("1570752000.0", "1570752060.0", "Unix seconds")]
    [InlineData("1570752000000", "1570752060000", "Unix milliseconds")]
    [InlineData("1570752000000000", "1570752060000000", "Unix microseconds")]
    [InlineData("1570752000000000000", "1570752060000000000", "Unix nanoseconds")]
    [InlineData("20191011000000", "20191011000100", "dates in digits, UTC where they have no offset")]
    [InlineData("2019-10-11T00:00:00Z", "2019-10-11T00:01:00Z", "ISO 8601")]
    [InlineData("2019-10-11 00:00:00", "2019-10-11 00:01", "ISO 8601, UTC where they have no offset")]
    [InlineData("2019-10-11T02:00:00+02:00", "2019-10-10T23:01:00-01:00", "ISO 8601")]
    public async Task Times_are_read_in_each_form_and_the_form_is_said(string first, string second, string format)
    {
        var fetcher = new FileFetcher(Write($"ts,close\n{first},1\n{second},2\n"));

        RawBars bars = await FetchAsync(fetcher);

        Assert.Equal([1570752000, 1570752060], bars.Timestamps.ToArray());
        Assert.Equal(format, fetcher.Reading?.TimestampFormat);
    }

    [Fact]
    public async Task Units_may_change_within_a_file_as_they_did_at_Binance()
    {
        var fetcher = new FileFetcher(Write("open_time,close\n1735689540000,1\n1735689600000000,2\n"));

        RawBars bars = await FetchAsync(fetcher);

        Assert.Equal([1735689540, 1735689600], bars.Timestamps.ToArray());
        Assert.Equal("mostly Unix milliseconds", fetcher.Reading?.TimestampFormat);
        SourceNote note = Assert.Single(bars.Notes);
        Assert.Equal((SourceNoteKind.TimeUnit, true), (note.Kind, note.IsWarning));
        Assert.StartsWith("its times are in Unix milliseconds and microseconds, each read by its size (1735689540000 is ", note.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ts")]
    [InlineData("timestamp")]
    [InlineData("open_time")]
    [InlineData("Open time")]
    [InlineData("TIME")]
    [InlineData(" date ")]
    public async Task The_column_of_times_is_found_by_its_name(string name) =>
        Assert.Equal(60, Assert.Single(await TimesAsync(new FileFetcher(Write($"close,{name}\n1,60\n")))));

    [Theory]
    [InlineData(",", "\n")]
    [InlineData(";", "\r\n")]
    [InlineData("\t", "\n")]
    public async Task The_delimiter_is_found(string delimiter, string newLine)
    {
        string[] lines = ["ts,open,close", "60,1.5,2", "120,2.5,3", ""];

        RawBars bars = await FetchAsync(new FileFetcher(Write(string.Join(newLine, lines).Replace(",", delimiter, StringComparison.Ordinal))));

        Assert.Equal([60, 120], bars.Timestamps.ToArray());
        Assert.Equal([1.5, 2.5], Values<double>(bars, "open"));
    }

    [Fact]
    public async Task A_byte_order_mark_quotes_blank_lines_and_a_missing_last_line_end_do_no_harm()
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write("\uFEFF\"ts\",close,note\n\n60,1,\"said \"\"hi\"\", then\nleft\"\n\n120,2,żółć")));

        Assert.Equal([60, 120], bars.Timestamps.ToArray());
        Assert.Equal(["said \"hi\", then\nleft", "żółć"], Values<string>(bars, "note"));
    }

    [Fact]
    public async Task Columns_are_typed_by_the_whole_file_and_not_by_the_page()
    {
        string path = Write("""
            ts,Open,volume,trades,ratio,live,note,nothing,,node_id
            60,1,5,10,1,true,5,,x,BTCUSDT
            120,2,6,20,2.5,False,six,,x,BTCUSDT
            180,3,,,,,,,x,BTCUSDT
            """);

        RawBars bars = await FetchAsync(new FileFetcher(path), new TimeRange(60, 60));

        Assert.Equal(
            [("open", BarColumnType.Double), ("volume", BarColumnType.Double), ("trades", BarColumnType.Double), ("ratio", BarColumnType.Double), ("live", BarColumnType.Boolean), ("note", BarColumnType.String), ("nothing", BarColumnType.Double)],
            bars.Columns.Select(column => (column.Name, column.Type)));
        Assert.Equal([1.0, 5.0, 10.0, 1.0, true, "5", null], bars.Columns.Select(column => column.GetValue(0)));
        RawBars third = await FetchAsync(new FileFetcher(path), new TimeRange(180, 180));
        Assert.Equal([3.0, null, null, null, null, null, null], third.Columns.Select(column => column.GetValue(0)));
    }

    [Fact]
    public async Task A_price_that_is_no_number_is_left_to_validation()
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write("ts,close\n60,1\n120,abc\n180,Infinity\n")));

        ValidatedBars valid = bars.Validate(Minute, new TimeRange(60, 180), 180);
        Assert.Equal((1, 2L), (valid.Frame.Count, valid.Rejected[RejectionReason.NotANumber]));
    }

    [Fact]
    public async Task Only_rows_inside_the_range_are_given_also_those_off_the_grid()
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write("ts,close\n0,0\n60,1\n121,2\n179,3\n180,4\n")), new TimeRange(60, 120));

        Assert.Equal([60, 121, 179], bars.Timestamps.ToArray());
    }

    [Fact]
    public async Task Silence_outside_the_file_is_not_believed()
    {
        var fetcher = new FileFetcher(Write("ts,close\n120,1\n240,2\n"));

        ValidatedBars bars = (await FetchAsync(fetcher)).Validate(Minute, Everything.AlignTo(Minute)!.Value, long.MaxValue);

        Assert.Equal([new TimeRange(180, 180)], bars.Silent);
        Assert.Equal(120, fetcher.GetEarliestBar(Bitcoin));
    }

    [Fact]
    public async Task Rows_of_other_nodes_are_left_out_and_each_node_has_its_own_beginning()
    {
        var fetcher = new FileFetcher(Write("symbol,ts,close\nBTCUSDT,60,1\nETHUSDT,0,2\nBTCUSDT,120,3\nETHUSDT,240,4\n"));

        RawBars bars = await FetchAsync(fetcher);

        Assert.Equal([60, 120], bars.Timestamps.ToArray());
        Assert.Equal(["close"], bars.Columns.Select(column => column.Name));
        Assert.Equal(new TimeRange(60, 120), bars.About);
        Assert.Equal((60, 0), (fetcher.GetEarliestBar(Bitcoin), fetcher.GetEarliestBar(new("ETHUSDT", Minute))));
        var error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(new("XRPETH", Minute), Everything, CancellationToken.None));
        Assert.Contains("no rows of XRPETH. It has BTCUSDT, ETHUSDT.", error.Message, StringComparison.Ordinal);
        Assert.Null(fetcher.GetEarliestBar(new("XRPETH", Minute)));
    }

    [Fact]
    public async Task Rows_that_cannot_be_read_are_counted_once_and_their_lines_are_known()
    {
        var fetcher = new FileFetcher(Write("ts,close\nsoon,0\n60,1\n120\n180,3,3\n,4\n240,5\n1570752000500,6\n"));

        RawBars[] pages = [await FetchAsync(fetcher, new TimeRange(0, 60)), await FetchAsync(fetcher, new TimeRange(120, 180)), await FetchAsync(fetcher, new TimeRange(240, 300)), await FetchAsync(fetcher, new TimeRange(300, 360))];

        Assert.Equal([4, 0, 0, 0], pages.Select(page => page.Unreadable[RejectionReason.Unreadable]));
        Assert.Equal([true, true, true, false], pages.Select(page => page.HasUnplaced));
        Assert.Null(fetcher.GetEarliestBar(Bitcoin));
        Assert.Equal([2, 4, 5, 6], fetcher.Reading!.Problems.Select(problem => problem.Line));
        Assert.Contains("'soon' in ts is no bar's open", fetcher.Reading!.Problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("1 fields, the header has 2", fetcher.Reading!.Problems[1].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("\n \n", "is empty")]
    [InlineData("https://www.CryptoDataDownload.com\n", "it holds an address and no bars")]
    [InlineData("ts,close\n", "a header and no bars")]
    [InlineData("1570752000,1\n1570752060,2\n", "line 1: there is no header")]
    [InlineData("when,close\n60,1\n", "line 1: no column holds the bars' time. Name one of them ts, timestamp, open_time, datetime, time or date; there are when, close.")]
    [InlineData("ts,close,Close\n60,1,2\n", "line 1: Two columns are named 'close'")]
    [InlineData("ts,close\nsoon,1\n", "no row can be read. Line 2: 'soon' in ts is no bar's open")]
    public async Task A_file_that_cannot_be_read_is_a_clear_error(string content, string message)
    {
        string path = Write(content);

        var error = await Assert.ThrowsAsync<SourceException>(() => FetchAsync(new FileFetcher(path)));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.False(error.IsTransient);
        Assert.Null(new FileFetcher(path).GetEarliestBar(Bitcoin));
    }

    [Fact]
    public async Task A_quote_that_is_never_closed_does_not_take_the_file_into_memory()
    {
        string path = Write("ts,note\n60,\"" + new string('x', 200_000));

        var error = await Assert.ThrowsAsync<SourceException>(() => FetchAsync(new FileFetcher(path)));

        Assert.Contains("A quote may not be closed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_a_folder_and_text_of_two_bytes_are_clear_errors()
    {
        string utf16 = Path.Combine(_folder.FullPath, "utf16.csv");
        await File.WriteAllTextAsync(utf16, "ts,close\n60,1\n", Encoding.Unicode);

        Assert.Contains("There is no file", await ErrorOf(Path.Combine(_folder.FullPath, "nothing.csv")), StringComparison.Ordinal);
        Assert.Contains("There is no file", await ErrorOf(Path.Combine(_folder.FullPath, "nowhere", "nothing.csv")), StringComparison.Ordinal);
        Assert.Contains("is a folder", await ErrorOf(_folder.FullPath), StringComparison.Ordinal);
        Assert.Contains("Save it as UTF-8", await ErrorOf(utf16), StringComparison.Ordinal);

        static async Task<string> ErrorOf(string path) => (await Assert.ThrowsAsync<SourceException>(() => FetchAsync(new FileFetcher(path)))).Message;
    }

    [Fact]
    public async Task A_file_that_has_changed_is_looked_at_again()
    {
        string path = Write("ts,close\n60,1\n");
        var fetcher = new FileFetcher(path);
        Assert.Equal(1, (await FetchAsync(fetcher)).RowCount);

        await File.AppendAllTextAsync(path, "120,2.5\n");
        Assert.Equal(2, (await TimesAsync(fetcher)).Length);

        await File.WriteAllTextAsync(path, "close;ts\n1;0\n");
        Assert.Equal(0, Assert.Single(await TimesAsync(fetcher)));
        Assert.Equal(0, fetcher.GetEarliestBar(Bitcoin));
    }

    [Theory]
    [InlineData(Order.Ascending)]
    [InlineData(Order.Descending)]
    [InlineData(Order.Shuffled)]
    public async Task A_file_of_many_blocks_is_answered_page_by_page_whatever_its_order(Order order)
    {
        const int count = 30_000;
        int[] numbers = [.. Enumerable.Range(0, count)];
        if (order == Order.Shuffled)
        {
            new Random(1).Shuffle(numbers);
        }
        else if (order == Order.Descending)
        {
            Array.Reverse(numbers);
        }

        // Letters of several bytes: offsets are counted in bytes, not in characters.
        string path = Write("ts,close,note\n" + string.Concat(numbers.Select(n => string.Create(CultureInfo.InvariantCulture, $"{n * 60},{n},zażółć {n}\n"))));
        var fetcher = new FileFetcher(path);
        for (int start = 0; start < count; start += 7000)
        {
            int end = Math.Min(count, start + 7000) - 1;
            var asked = new TimeRange(start * 60, end * 60);

            ValidatedBars page = (await FetchAsync(fetcher, asked)).Validate(Minute, asked, long.MaxValue);

            Assert.Equal((end - start + 1, 0L), (page.Frame.Count, page.Rejected.Total));
            Assert.All(page.Frame.Rows, row => Assert.Equal((row.Timestamp / 60.0, $"zażółć {row.Timestamp / 60}"), ((double)row["close"]!, (string)row["note"]!)));
        }
    }

    [Fact]
    public async Task Cancelling_ends_the_look_through_the_file()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new FileFetcher(Write("ts,close\n60,1\n")).FetchAsync(Bitcoin, Everything, cancelled.Token));

        // Long enough that the look does not end before it comes to the token.
        string many = "ts,close\n" + string.Concat(Enumerable.Range(1, 5000).Select(minute => $"{60 * minute},1\n"));
        Assert.ThrowsAny<OperationCanceledException>(() => new FileFetcher(Write(many)).GetExtent(Bitcoin, cancelled.Token));
    }

    [Fact]
    public void A_file_is_known_by_its_name_and_by_what_it_is_now()
    {
        string path = Write("ts,close\n60,1\n");
        DateTime written = File.GetLastWriteTimeUtc(path);
        string name = new FileFetcher(path).Name;
        string other = Path.Combine(Directory.CreateDirectory(_folder.File("b")).FullName, Path.GetFileName(path));
        File.Copy(path, other);
        File.SetLastWriteTimeUtc(other, written);

        Assert.Matches($"^csv:{Path.GetFileName(path)}#[0-9a-f]{{8}}$", name);
        Assert.Equal(name, Redaction.OneLine(name));
        Assert.Equal(name, new FileFetcher(path).Name);
        Assert.NotEqual(name, new FileFetcher(other).Name);

        File.AppendAllText(path, "120,1\n");
        File.SetLastWriteTimeUtc(path, written);
        Assert.NotEqual(name, new FileFetcher(path).Name);

        name = new FileFetcher(path).Name;
        File.SetLastWriteTimeUtc(path, written.AddSeconds(1));
        Assert.NotEqual(name, new FileFetcher(path).Name);
    }

    [UnixTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_behind_a_link_is_known_by_what_it_is_now(bool isRelative)
    {
        string path = Write("ts,close\n60,1\n");
        string link = Path.Combine(_folder.FullPath, "link.csv");
        File.CreateSymbolicLink(link, isRelative ? Path.GetFileName(path) : path);
        var fetcher = new FileFetcher(link);
        string before = fetcher.Name;

        File.AppendAllText(path, "120,1\n");

        Assert.NotEqual(before, fetcher.Name);
    }

    [Fact]
    public void A_name_that_is_given_stays()
    {
        Assert.Equal("archive", new FileFetcher("data/bars.csv", "archive").Name);
        Assert.Throws<ArgumentException>(() => new FileFetcher(" "));
        Assert.Throws<ArgumentException>(() => new FileFetcher("bars.csv", " "));
    }

    [SharedDataFact]
    public async Task Real_candles_are_read_whole()
    {
        var fetcher = new FileFetcher(SharedData.PathOf("XRPETH-1m.csv"));
        var asked = new TimeRange(1570752000, 1570965540);

        ValidatedBars bars = (await fetcher.FetchAsync(new("XRPETH", Minute), asked, CancellationToken.None)).Validate(Minute, asked, long.MaxValue);

        Assert.Equal((2469, 0L, 1091L, 676), (bars.Frame.Count, bars.Rejected.Total, bars.Silent.BarCount, bars.Silent.Count));
        Assert.Equal(0.00141342, bars.Frame.Rows.First()["open"]);
        Assert.Equal("Unix seconds", fetcher.Reading?.TimestampFormat);
    }

    public enum Order
    {
        Ascending,
        Descending,
        Shuffled,
    }

    private static Task<RawBars> FetchAsync(FileFetcher fetcher, TimeRange? range = null) =>
        fetcher.FetchAsync(Bitcoin, range ?? Everything, CancellationToken.None);

    private static async Task<long[]> TimesAsync(FileFetcher fetcher) => (await FetchAsync(fetcher)).Timestamps.ToArray();

    private static T[] Values<T>(RawBars bars, string column) =>
        ((BarColumn<T>)bars.Columns.Single(candidate => candidate.Name == column)).Values.ToArray();

    private string Write(string content) => _folder.Write(content, ".csv");
}
