using System.Diagnostics;
using System.Text;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Files;
using Qmtl.Time;
using Qmtl.Unit.Cli;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Files;

/// <summary>Files as other programs write them, and files that are none.</summary>
public sealed class CsvFileShapeTests : IDisposable
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly long Nine = UnixTime.Parse("2024-01-02T09:00:00Z").ToUnixTimeSeconds();

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Date,Time,Open", "20240102,090000,1", "20240102,090100,2")]
    [InlineData("Date,Time,Open", "20240102,90000,1", "20240102,90100,2")]
    [InlineData("Date,Time,Open", "20240102,0900,1", "20240102,0901,2")]
    [InlineData("Date,Time,Open", "20240102,900,1", "20240102,901,2")]
    [InlineData("Date,Time,Open", "2024-01-02,09:00,1", "2024-01-02,09:01,2")]
    [InlineData("<DATE>\t<TIME>\t<OPEN>", "2024.01.02\t09:00:00\t1", "2024.01.02\t09:01:00\t2")]
    [InlineData("Date;Timestamp;Open", "2024/01/02;9:00:00;1", "2024/01/02;9:01:00;2")]
    [InlineData("open,time,date", "1,090000,20240102", "2,090100,20240102")]
    public async Task Date_and_time_in_two_columns_are_one_time(string header, string first, string second)
    {
        var fetcher = new FileFetcher(Write($"{header}\n{first}\n{second}\n"));

        RawBars bars = await FetchAsync(fetcher);

        Assert.Equal([Nine, Nine + 60], bars.Timestamps.ToArray());
        Assert.Equal("open", Assert.Single(bars.Columns).Name);
        Assert.Equal("a date and a time of day in two columns, UTC where they have no offset", fetcher.Reading?.TimestampFormat);
        Assert.Contains(SourceNoteKind.TimesWithoutOffset, bars.Notes.Select(note => note.Kind));
    }

    [Theory]
    [InlineData("Date,Hour,close\n2024-01-02,8,1\n2024-01-02,9,2\n")]
    [InlineData("Date,Hour,close\n20240102,0800,1\n20240102,0900,2\n")]
    public async Task A_date_and_an_hour_are_one_time(string content) =>
        Assert.Equal([Nine - 3600, Nine], (await FetchAsync(new FileFetcher(Write(content)))).Timestamps.ToArray());

    [Fact]
    public async Task Hour_24_is_no_hour_and_leaves_the_others_what_they_are()
    {
        var fetcher = new FileFetcher(Write("Date,Hour,close\n2024-01-02,0,1\n2024-01-02,9,2\n2024-01-02,24,3\n"));

        Assert.Equal([Nine - 32_400, Nine], (await FetchAsync(fetcher)).Timestamps.ToArray());
        Assert.StartsWith("'2024-01-02' in Date and '24' in Hour are no date and time of day.", Assert.Single(fetcher.Reading!.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Digits_without_their_zeros_are_read_alike_through_the_whole_file()
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write("Date,Time,close\n20240102,0,1\n20240102,100,2\n20240102,1000,3\n20240102,90000,4\n")));

        Assert.Equal([Nine - 32_400, Nine - 32_340, Nine - 31_800, Nine], bars.Timestamps.ToArray());
    }

    [Theory]
    [InlineData("Date,Time,close\n20240102,9,1\n20240102,10,1\n", "the times of day in Time can be hours, minutes or seconds")]
    [InlineData("Date,Time,close\n02/01/2024,09:00,1\n", "'02/01/2024' in Date and '09:00' in Time are no date and time of day")]
    [InlineData("Date,Time,close\n20240102,1,1\n20240102,24,1\n", "the times of day in Time can be hours, minutes or seconds")]
    [InlineData("Date,Time,close\n2024-01-02,09:00 PM,1\n", "'2024-01-02' in Date and '09:00 PM' in Time are no date and time of day")]
    [InlineData("Date,Time,close\n2024-01-02,09:00+02:00,1\n", "'2024-01-02' in Date and '09:00+02:00' in Time are no date and time of day")]
    [InlineData("Date,Hour,close\n2024-01-02,09:00 PM,1\n", "'2024-01-02' in Date and '09:00 PM' in Hour are no date and time of day")]
    [InlineData("Date,Hour,close\n2024-01-02,1,1\n2024-01-02,24,1\n", "the hours in Hour go to 24 and have no 0")]
    [InlineData("date,close\n20231101,1\n20231102,1\n1701388800,1\n", "The times in date are of two kinds: dates in digits, such as 20231101 (2 of them), and others, such as 1701388800 (1).")]
    [InlineData("date,close\n20231101,1\n20231102,1\n0,1\n", "such as 0 (1)")]
    [InlineData("date,close\n20231101,1\n20231102,1\n30,\n", "such as 30 (1)")]
    [InlineData("Time,close\n090000,1\n", "'090000' in Time is a time of day, and no column has the date")]
    [InlineData("1381095255,122.0,122.0,122.0,122.0,0.1,1\n", "there is no header")]
    public async Task What_is_no_time_is_refused_by_name(string content, string message) =>
        Assert.Contains(message, (await ErrorOf(Write(content))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("2024010203")]
    [InlineData("1570752000")]
    public async Task A_number_that_is_no_hour_is_payload(string hour)
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write($"date,hour,close\n2024-01-02,{hour},1\n")));

        Assert.Equal([Nine - 32_400], bars.Timestamps.ToArray());
    }

    [Fact]
    public async Task Unix_seconds_beside_a_date_for_people_are_the_time()
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write($"date,time,close\n2 Jan,{Nine},1\n")));

        Assert.Equal([Nine], bars.Timestamps.ToArray());
    }

    [Fact]
    public async Task An_index_without_a_name_as_pandas_writes_it_is_the_time() =>
        Assert.Equal([Nine], (await FetchAsync(new FileFetcher(Write(",open,close\n2024-01-02 09:00:00,1,2\n")))).Timestamps.ToArray());

    [Fact]
    public async Task Digits_of_dates_are_dates_where_the_whole_file_has_them()
    {
        var day = new StreamKey("A", BarInterval.Parse("1d"));
        var fetcher = new FileFetcher(Write("date,close\n20231113,1\n20231114,2\n"));

        RawBars bars = await fetcher.FetchAsync(day, new TimeRange(0, 4_000_000_000), CancellationToken.None);

        Assert.Equal([UnixTime.Parse("2023-11-13").ToUnixTimeSeconds(), UnixTime.Parse("2023-11-14").ToUnixTimeSeconds()], bars.Timestamps.ToArray());
        Assert.Equal("dates in digits, UTC where they have no offset", fetcher.Reading?.TimestampFormat);
    }

    [Fact]
    public async Task Rows_off_the_second_are_rows()
    {
        RawBars bars = await FetchAsync(new FileFetcher(Write($"ts,close\n{Nine}000,1\n{Nine}789,2\n")));

        Assert.Equal([0, 789_000_000], bars.Nanoseconds.ToArray());
    }

    [Fact]
    public async Task A_number_column_stays_one_and_what_cannot_be_read_is_named_with_line_column_and_text()
    {
        string longText = new('x', 20_000);
        RawBars bars = await FetchAsync(new FileFetcher(Write(
            $"ts,close,trades,funding,id\n60,1,5,null,9007199254740993\n120,\"1,234.5\",6,0,9007199254740994\n180,3,abc,N/A,-\n240,4,7,{longText},9007199254740995\n300,5,8,0.0005,1\n")));

        ValidatedBars valid = bars.Validate(Minute, new TimeRange(60, 300), 300);

        Assert.Equal([60, 240, 300], valid.Frame.Timestamps.ToArray());
        Assert.Equal([null, null, 0.0005], Enumerable.Range(0, 3).Select(valid.Frame.FindColumn("funding")!.GetValue));
        Assert.Equal(9007199254740995, valid.Frame.FindColumn("id")!.GetValue(1));
        Assert.Equal(2, valid.Rejected[RejectionReason.NotANumber]);
        Assert.Equal(3, bars.Notes.Count);
        Assert.StartsWith("'1,234.5' in close of line 3 is no number", bars.Notes[0].Text, StringComparison.Ordinal);
        Assert.StartsWith("'abc' in trades of line 4 is no number", bars.Notes[1].Text, StringComparison.Ordinal);
        Assert.StartsWith($"'{new string('x', 200)}…' in funding of line 5", bars.Notes[2].Text, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], string> OtherFiles => new()
    {
        { [0x1F, 0x8B, 8, 0, 0], "cannot be unpacked: the archive is damaged" },
        { [.. "PAR1"u8, 0x15, 0], "cannot be read as a Parquet file" },
        { "SQLite format 3\0...."u8.ToArray(), "is a SQLite database" },
        { Encoding.UTF8.GetBytes("\uFEFF [" + new string('1', 20_000)), "it is no JSON of bars" },
        { "{\"a\":1}"u8.ToArray(), "no column holds the bars' time" },
        { "<html><body>"u8.ToArray(), "is a page of HTML or XML" },
        { [1, 2, 0, 3], "is a binary file" },
    };

    [Theory]
    [MemberData(nameof(OtherFiles))]
    public async Task A_file_of_another_kind_is_called_by_its_name(byte[] content, string message)
    {
        string path = Path.Combine(_folder.FullPath, "other.csv");
        await File.WriteAllBytesAsync(path, content);

        SourceException error = await ErrorOf(path);

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 10, path.Length + 200);
    }

    [Fact]
    public async Task A_header_that_is_none_is_shown_in_part()
    {
        SourceException error = await ErrorOf(Write(string.Join(',', Enumerable.Range(0, 5000).Select(i => $"c{i}")) + "\n"));

        Assert.InRange(error.Message.Length, 100, 600);
    }

    [UnixTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pipe_is_refused_at_once(bool byLink)
    {
        string pipe = Path.Combine(_folder.FullPath, "pipe");
        using (var make = Process.Start("mkfifo", pipe))
        {
            await make.WaitForExitAsync();
        }

        string path = byLink ? Path.Combine(_folder.FullPath, "link") : pipe;
        if (byLink)
        {
            File.CreateSymbolicLink(path, pipe);
        }

        Assert.Contains("a pipe or device", (await ErrorOf(path).WaitAsync(TimeSpan.FromSeconds(60))).Message, StringComparison.Ordinal);
        Assert.Contains("a pipe or device", (await ErrorOf("/dev/zero").WaitAsync(TimeSpan.FromSeconds(60))).Message, StringComparison.Ordinal);
    }

    private static Task<RawBars> FetchAsync(FileFetcher fetcher) => fetcher.FetchAsync(new StreamKey("A", Minute), new TimeRange(0, 4_000_000_020), CancellationToken.None);

    private static Task<SourceException> ErrorOf(string path) => Assert.ThrowsAsync<SourceException>(() => FetchAsync(new FileFetcher(path)));

    private string Write(string content) => _folder.Write(content, ".csv");
}
