using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Reporting;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Reporting;

/// <summary>The page as text: what is in it, and how much.</summary>
public sealed class CoveragePageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string PagePath => _folder.File("report.html");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_it_says_in_sum_is_what_the_page_holds()
    {
        var history = new HeldHistory();
        history.Add("A", "1m", [0, 1, 4, 5], 3);
        history.Add("B", "1h", [0]);

        CoveragePageResult result = await WriteAsync(history, minutes: 10);

        Assert.Equal(new CoveragePageResult(2, 4, 1, 1, 4, new FileInfo(PagePath).Length), result);
        JsonElement[] streams = [.. Data().GetProperty("streams").EnumerateArray()];
        string time = HeldHistory.NewYear.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(
            $"""["A",0,[{time},{HeldHistory.NewYear + 540}],[{time},{HeldHistory.NewYear + 300}],4,1,1,[{HeldHistory.NewYear + 120},0,1],4,1,[{HeldHistory.NewYear + 360},180,4],1,1,[{HeldHistory.NewYear + 180},0,1],true]""",
            streams[0].GetRawText());
        Assert.Equal("[\"B\",1,null,null,0,0,0,[],0,0,[],0,0,[],true]", streams[1].GetRawText());
    }

    [Fact]
    public async Task Nothing_but_its_own_styles_and_script_may_run_or_load()
    {
        var history = new HeldHistory();
        history.Add("</script><script>alert(1)</script>", "1m", [0, 1]);

        await WriteAsync(history, options: new CoveragePageOptions { Title = "<script>alert(2)</script>" });

        string page = File.ReadAllText(PagePath);
        string policy = Regex.Match(page, "Content-Security-Policy\" content=\"([^\"]+)\"").Groups[1].Value;
        string script = Regex.Match(page, "<script>(.*?)</script>", RegexOptions.Singleline).Groups[1].Value;
        string style = Regex.Match(page, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;
        Assert.Equal($"default-src 'none'; script-src 'sha256-{Hash(script)}'; style-src 'sha256-{Hash(style)}'; base-uri 'none'; form-action 'none'", policy);
        Assert.Single(Regex.Matches(page, "<script>"));
        Assert.DoesNotContain("alert(1)</script>", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"(?!#)", page);
        Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
        Assert.Contains("Copyright (c) 2022 Leon Sorokin", page, StringComparison.Ordinal);

        static string Hash(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public async Task Candles_draw_bars_together_and_are_bounded()
    {
        var history = new HeldHistory();
        history.Add("A", "1m", Enumerable.Range(0, 1000).Except([500]));

        await WriteAsync(history, minutes: 1000, new CoveragePageOptions { Candles = 100 });

        JsonElement candles = JsonDocument.Parse(Assert.Single(CandleLines())).RootElement;
        Assert.Equal("10m", candles.GetProperty("width").GetString());
        Assert.Equal(999, candles.GetProperty("bars").GetInt64());
        Assert.Equal(2, candles.GetProperty("decimals").GetInt32());
        Assert.Equal([0, HeldHistory.NewYear], Numbers(candles.GetProperty("times")).Select(time => (long)time));
        Assert.Equal(400, candles.GetProperty("prices").GetArrayLength());

        // Bars 0 to 9 are 100 and their number modulo 7: open 100, close that of bar 9, high that of bar 6, low that of bar 0.
        Assert.Equal([10000, 10750 - 10250, 10000 - 9875, 10250 - 10000], Numbers(candles.GetProperty("prices")).Take(4));
        Assert.Equal(Enumerable.Range(0, 10).Sum(bar => 10 + (bar % 7)), Numbers(candles.GetProperty("volumes"))[0]);
    }

    [Fact]
    public async Task Without_candles_no_bar_is_read()
    {
        var history = new HeldHistory();
        history.Add("A", "1m", [0, 1]);

        await WriteAsync(history, options: new CoveragePageOptions { Candles = 0 });

        Assert.Equal(0, history.BarsRead);
        Assert.Empty(CandleLines());
    }

    [Fact]
    public async Task A_stream_of_other_columns_is_drawn_by_its_first_numbers_and_one_of_none_is_not()
    {
        var minute = BarInterval.FromSeconds(60);
        long[] times = [HeldHistory.NewYear, HeldHistory.NewYear + 60, HeldHistory.NewYear + 120];
        var history = new HeldHistory();
        history.Add(new StreamKey("signal", minute), new BarFrame(minute, times,
            [new BarColumn<string?>("note", new string?[] { "a", null, "b" }), new BarColumn<long>("side", new long[] { 1, 0, -1 }, new[] { false, true, false })]));
        history.Add(new StreamKey("words", minute), new BarFrame(minute, times, [new BarColumn<string?>("note", new string?[] { "a", null, "b" })]));

        await WriteAsync(history);

        JsonElement[] lines = [.. CandleLines().Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal("side", lines[0].GetProperty("column").GetString());
        Assert.False(lines[0].GetProperty("candles").GetBoolean());
        Assert.Equal([1, 0, 0, 0, -2, 0, 0, 0], Numbers(lines[0].GetProperty("prices")));
        Assert.Equal([0, times[0], 1, times[2]], Numbers(lines[0].GetProperty("times")).Select(time => (long)time));
        Assert.Equal(0, lines[1].GetProperty("prices").GetArrayLength());
    }

    [Theory]
    [InlineData(0.00001745, 0.00001812)]
    [InlineData(61234.56, 61235.01)]
    [InlineData(1e20, 1.5e20)]
    [InlineData(-37.63, 12.5)]
    [InlineData(0, 0)]
    public async Task A_price_comes_back_as_it_was(double first, double second)
    {
        var minute = BarInterval.FromSeconds(60);
        var history = new HeldHistory();
        history.Add(new StreamKey("A", minute), new BarFrame(
            minute, new[] { HeldHistory.NewYear, HeldHistory.NewYear + 60 }, [new BarColumn<double>("close", new[] { first, second })]));

        await WriteAsync(history);

        JsonElement candles = JsonDocument.Parse(CandleLines()[0]).RootElement;
        double[] prices = Numbers(candles.GetProperty("prices"));
        double scale = Math.Pow(10, candles.GetProperty("decimals").GetInt32());
        Assert.Equal(first, prices[0] / scale);
        Assert.Equal(second, (prices[0] + prices[3] + prices[4]) / scale);
    }

    [Fact]
    public async Task Findings_are_bounded_and_counted_and_those_of_other_streams_left_out()
    {
        var history = new HeldHistory();
        StreamKey stream = history.Add("A", "1m", [0, 1]);
        ReportFinding[] many = [.. Enumerable.Repeat(new ReportFinding(stream, "Flat", null, "It does not move."), 20_100)];

        await WriteAsync(history, options: new CoveragePageOptions { Findings = [new(new StreamKey("B", stream.Interval), "Flat", null, "x"), .. many] });

        Assert.Equal(20_000, Data().GetProperty("findings").GetArrayLength());
        Assert.Equal(20_100, Data().GetProperty("findingCount").GetInt32());
    }

    [Fact]
    public async Task A_page_that_cannot_be_written_leaves_the_old_one()
    {
        var history = new HeldHistory();
        history.Add("A", "1m", [0, 1]);
        File.WriteAllText(PagePath, "old");

        await Assert.ThrowsAsync<OperationCanceledException>(() => WriteAsync(
            history, options: new CoveragePageOptions { OnProgress = (done, _) => _ = done < 2 ? 0 : throw new OperationCanceledException() }));
        Assert.Equal("old", File.ReadAllText(PagePath));
        Assert.Equal([PagePath], Directory.GetFiles(_folder.FullPath));

        ArgumentException refused = Assert.Throws<ArgumentException>(() => CoveragePage.Validate(_folder.FullPath));
        Assert.Equal($"'{_folder.FullPath}' is a folder. Name a file in it, for example report.html.", refused.Message);
    }

    private Task<CoveragePageResult> WriteAsync(HeldHistory history, int minutes = 10, CoveragePageOptions? options = null) => CoveragePage.WriteAsync(
        history,
        history.Streams,
        PagePath,
        (options ?? new CoveragePageOptions()) with { TimeProvider = new FakeTimeProvider(UnixTime.FromSeconds(HeldHistory.NewYear + (60 * minutes))) });

    private JsonElement Data() => JsonDocument.Parse(Block("data")).RootElement;

    private string[] CandleLines() => Block("candles").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private string Block(string id) => Regex.Match(File.ReadAllText(PagePath), $"id=\"{id}\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value;

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];
}
