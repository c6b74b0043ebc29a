using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Files;
using Qmtl.Time;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Fetching.Files;

/// <summary>What is learnt from a file is of that file as it was.</summary>
public sealed class CsvBackfillTests : BackfillEngineTestBase, IDisposable
{
    private static readonly TimeRange Hour = new(0, 59 * 60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qmtl-csvfill-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Another_file_of_the_same_name_is_asked_for_what_the_first_has_not()
    {
        int[] minutes = [.. Enumerable.Range(0, 60)];
        BackfillResult holed = await RunOneAsync(new FileFetcher(Write("a", minutes.Where(minute => minute is not (20 or 21)))), Hour);
        BackfillResult whole = await RunOneAsync(new FileFetcher(Write("b", minutes)), Hour);

        Assert.Equal((58L, 2L), (holed.BarsWritten, holed.BarsEmpty));
        Assert.Equal((2L, BackfillStatus.Completed), (whole.BarsWritten, whole.Status));
    }

    [Fact]
    public async Task A_file_that_got_earlier_rows_is_asked_for_them_and_one_that_stays_is_not_asked_again()
    {
        var fetcher = new FileFetcher(Write("a", Enumerable.Range(30, 30)));
        BackfillResult late = await RunOneAsync(fetcher, Hour);
        BackfillResult again = await RunOneAsync(new FileFetcher(Path.Combine(_folder.FullName, "a", "x.csv")), Hour);
        Write("a", Enumerable.Range(0, 60));

        BackfillResult whole = await RunOneAsync(fetcher, Hour);

        Assert.Equal((30L, 30L), (late.BarsWritten, late.BarsEmpty));
        Assert.Equal((0, 0L, BackfillStatus.Completed), (again.Requests, again.BarsWritten, again.Status));
        Assert.Equal((30L, BackfillStatus.Completed), (whole.BarsWritten, whole.Status));
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_read_does_not_inherit_what_it_had_not()
    {
        var fetcher = new FileFetcher(Write("a", Enumerable.Range(30, 30)));
        var changing = new DelegateFetcher("changing", async (stream, range, cancellationToken) =>
        {
            RawBars bars = await fetcher.FetchAsync(stream, range, cancellationToken);
            Write("a", Enumerable.Range(0, 60));
            return bars;
        });
        await RunOneAsync(new Renamed(changing, fetcher), Hour);

        Assert.Equal(30L, (await RunOneAsync(fetcher, Hour)).BarsWritten);
    }

    [Theory]
    [InlineData("ts,close\n60,1\nx,2\n180,3\n", 60, 180)]
    [InlineData("ts,close\n60,1\n120,2,9\n180,3\n", 60, 180)]
    [InlineData("ts,close\n180,1\nx,2\n60,3\n", 60, 180)]
    [InlineData("ts,close\nx,1\n120,2\n", 60, 120)]
    [InlineData("ts,close\n120,1\nx,2\n", 60, 120)]
    [InlineData("ts,close\n300,1\n60,2\n180,3\nx,4\n240,5\n", 60, 180)]
    [InlineData("symbol,ts,close\nA,60,1\nBTCUSDT,x,2\nBTCUSDT,180,3\n", 120, 180)]
    [InlineData("[{\"ts\":60,\"close\":1},{\"ts\":\"x\",\"close\":2},{\"ts\":180,\"close\":3}]", 60, 180)]
    [InlineData("[{\"ts\":\"x\",\"close\":1},{\"ts\":120,\"close\":2}]", 60, 120)]
    public async Task A_bar_whose_row_cannot_be_read_stays_missing_in_every_run(string content, long start, long end)
    {
        string path = Path.Combine(_folder.FullName, "unreadable");
        await File.WriteAllTextAsync(path, content);
        for (int run = 0; run < 3; run++)
        {
            BackfillResult result = await RunOneAsync(new FileFetcher(path), new TimeRange(start, end));

            Assert.Equal((0L, 1L), (result.BarsEmpty, result.BarsMissing));
        }
    }

    [Fact]
    public async Task Beside_rows_that_cannot_be_read_a_gap_is_still_learnt()
    {
        string path = Path.Combine(_folder.FullName, "gap.csv");
        await File.WriteAllTextAsync(path, "ts,close\n60,1\nx,2\n180,3\n240,4\n360,5\n");

        BackfillResult result = await RunOneAsync(new FileFetcher(path), new TimeRange(240, 360));

        Assert.Equal((2L, 1L, 0L), (result.BarsWritten, result.BarsEmpty, result.BarsMissing));
    }

    [Fact]
    public async Task Of_dates_with_a_number_of_another_kind_nothing_is_learnt()
    {
        TimeRange days = new(UnixTime.Parse("2023-11-01").ToUnixTimeSeconds(), UnixTime.Parse("2023-11-10").ToUnixTimeSeconds());
        var stream = new StreamKey("A", BarInterval.Parse("1d"));
        string path = Path.Combine(_folder.FullName, "days.csv");
        string dates = "date,close\n" + string.Concat(Enumerable.Range(20231101, 10).Select(date => $"{date},1\n"));
        await File.WriteAllTextAsync(path, dates + "1698883200,1\n");
        BackfillResult mixed = Assert.Single(await RunAsync(new FileFetcher(path, "days"), [days], stream: stream));
        await File.WriteAllTextAsync(path, dates);

        BackfillResult clean = Assert.Single(await RunAsync(new FileFetcher(path, "days"), [days], stream: stream));

        Assert.Equal((BackfillStatus.Failed, 0L, 0L), (mixed.Status, mixed.BarsWritten, mixed.BarsEmpty));
        Assert.Equal((BackfillStatus.Completed, 10L), (clean.Status, clean.BarsWritten));
    }

    private sealed class Renamed(IDataFetcher answers, IDataFetcher named) : IDataFetcher
    {
        public string Name => named.Name;

        public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
            answers.FetchAsync(stream, range, cancellationToken);
    }

    private string Write(string folder, IEnumerable<int> minutes)
    {
        string path = Path.Combine(_folder.CreateSubdirectory(folder).FullName, "x.csv");
        File.WriteAllText(path, "ts,close\n" + string.Concat(minutes.Select(minute => string.Create(CultureInfo.InvariantCulture, $"{minute * 60},1\n"))));
        return path;
    }
}
