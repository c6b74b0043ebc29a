using Qmtl.Cli.Hosting;

namespace Qmtl.Unit.Cli;

/// <summary>qmtl compare, revisions, remove and backfill --force.</summary>
public sealed class DataCareCommandTests : IDisposable
{
    private readonly CliFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Minutes 0 to 9 with the same values as the store's, but for minute 2, and without minute 5.
    private string SourceFile()
    {
        string path = _folder.PathOf("source.csv");
        File.WriteAllLines(
            path,
            [
                "ts,close,trades",
                .. Enumerable.Range(0, 10).Where(minute => minute != 5).Select(minute => FormattableString.Invariant(
                    $"{CliFolder.Minute(minute)},{(minute == 2 ? 99.5 : minute + 0.5)},{minute}")),
            ]);
        return path;
    }

    private Task<CliOutcome> RunAsync(string command, params string[] more) =>
        CliRunner.RunAsync([command, "--store", _folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", .. more]);

    [Fact]
    public async Task Compare_tells_each_difference_and_changes_nothing()
    {
        await _folder.WriteAsync([0, 1, 2, 4, 5, 6, 9]);
        CliOutcome outcome = await RunAsync("compare", "--file", SourceFile(), "--json", "--start", "2024-01-01", "--end", "2024-01-01T00:05:00Z");
        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Equal(
            [
                """{"node_id":"BTCUSDT","interval":"1m","time":"2024-01-01T00:02:00Z","ts":1704067320,"kind":"different","column":"close","stored":2.5,"other":99.5}""",
                """{"node_id":"BTCUSDT","interval":"1m","time":"2024-01-01T00:03:00Z","ts":1704067380,"kind":"missing","column":null,"stored":null,"other":null}""",
                """{"node_id":"BTCUSDT","interval":"1m","time":"2024-01-01T00:05:00Z","ts":1704067500,"kind":"extra","column":null,"stored":null,"other":null}""",
            ],
            outcome.Lines);
        Assert.Contains(
            "6 of 6 bars compared, 3 differ (1 missing, 1 extra, 1 with other values).",
            (await RunAsync("compare", "--file", SourceFile(), "--end", "2024-01-01T00:05:00Z")).Output,
            StringComparison.Ordinal);
        Assert.Equal(7, (await _folder.CoverageAsync(CliFolder.Stream)).BarCount);
    }

    [Theory]
    [InlineData("96.9", 1)]
    [InlineData("97", 0)]
    [InlineData("97.4%", 1)]
    [InlineData("97.5%", 0)]
    public async Task Values_within_the_tolerance_are_the_same(string tolerance, int different)
    {
        await _folder.WriteAsync([0, 1, 2, 4]);
        CliOutcome outcome = await RunAsync("compare", "--file", SourceFile(), "--tolerance", tolerance, "--end", "2024-01-01T00:04:00Z");
        Assert.Contains($"(1 missing, 0 extra, {different} with other values)", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("%")]
    [InlineData("1,5")]
    public async Task What_is_no_tolerance_is_refused_by_name(string tolerance)
    {
        await _folder.WriteAsync([0]);
        CliOutcome outcome = await RunAsync("compare", "--file", SourceFile(), "--tolerance", tolerance);
        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains($"'{tolerance}' is no tolerance.", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Repair_writes_and_revisions_lists_what_was_changed()
    {
        await _folder.WriteAsync([0, 1, 2, 4, 5, 6, 9]);
        CliOutcome repaired = await RunAsync("compare", "--file", SourceFile(), "--repair");
        Assert.Equal(ExitCode.Complete, repaired.ExitCode);
        Assert.Contains("Different", repaired.Output, StringComparison.Ordinal);
        Assert.Equal(10, (await _folder.CoverageAsync(CliFolder.Stream)).BarCount);

        CliOutcome trail = await RunAsync("revisions", "--json");
        Assert.Equal(4, trail.Lines.Length);
        Assert.StartsWith("""{"node_id":"BTCUSDT","interval":"1m","time":"2024-01-01T00:02:00Z","ts":1704067320,"column":"close","was":"2.5","is":"99.5",""", trail.Lines[0], StringComparison.Ordinal);
        Assert.Contains("(added)", (await RunAsync("revisions")).Output, StringComparison.Ordinal);
        CliOutcome again = await RunAsync("compare", "--file", SourceFile());
        Assert.Contains("1 differ (0 missing, 1 extra, 0 with other values)", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_store_is_compared_with()
    {
        await _folder.WriteAsync([0, 1, 2]);
        File.Copy(_folder.StorePath, _folder.PathOf("copy.db"));
        CliOutcome same = await RunAsync("compare", "--with-store", _folder.PathOf("copy.db"));
        Assert.Equal(ExitCode.Complete, same.ExitCode);
        Assert.Equal("BTCUSDT 1m 2024-01-01T00:00:00Z to 2024-01-01T00:02:00Z: 3 of 3 bars compared, 0 differ (0 missing, 0 extra, 0 with other values).", Assert.Single(same.Lines));
        await _folder.WriteAsync([3]);
        Assert.Contains("\"kind\":\"extra\"", Assert.Single((await RunAsync("compare", "--with-store", _folder.PathOf("copy.db"), "--json")).Lines), StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, (await RunAsync("compare", "--with-store", _folder.PathOf("none.db"))).ExitCode);

        // What lies beyond the ends of what is stored is missing, too.
        CliOutcome longer = await CliRunner.RunAsync(
            "compare", "--store", _folder.PathOf("copy.db"), "--node", "BTCUSDT", "--interval", "1m", "--with-store", _folder.StorePath, "--json");
        Assert.Contains("\"kind\":\"missing\"", Assert.Single(longer.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Force_replaces_what_differs_and_counts_it()
    {
        await _folder.WriteAsync([0, 1, 2, 4]);
        CliOutcome outcome = await RunAsync("backfill", "--file", SourceFile(), "--force", "--json", "--end", "2024-01-01T00:04:00Z");
        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Contains("\"bars_written\":2,\"bars_replaced\":1,", outcome.Output, StringComparison.Ordinal);
        Assert.Single((await RunAsync("revisions", "--json")).Lines);
        Assert.DoesNotContain("Replaced", (await RunAsync("backfill", "--file", SourceFile(), "--force", "--end", "2024-01-01T00:04:00Z")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_counts_and_removes_with_yes()
    {
        await _folder.WriteAsync([0, 1, 2, 5], empty: [3, 4]);
        string[] range = ["--start", "2024-01-01T00:01:00Z", "--end", "2024-01-01T00:03:00Z"];
        CliOutcome counted = await RunAsync("remove", range);
        Assert.Matches(@"BTCUSDT\W+1m\W+2\W+1", counted.Output);
        Assert.Contains("--yes", counted.Output, StringComparison.Ordinal);
        Assert.Equal(4, (await _folder.CoverageAsync(CliFolder.Stream)).BarCount);

        Assert.Matches(@"BTCUSDT\W+1m\W+2\W+1", (await RunAsync("remove", [.. range, "--yes"])).Output);
        Assert.Equal(2, (await _folder.CoverageAsync(CliFolder.Stream)).BarCount);
        Assert.Matches(@"BTCUSDT\W+1m\W+0\W+1", (await RunAsync("remove", "--empty-only", "--yes")).Output);
        Assert.Equal(2, (await _folder.CoverageAsync(CliFolder.Stream)).BarCount);
        Assert.Matches(@"BTCUSDT\W+1m\W+2\W+0", (await RunAsync("remove", "--yes")).Output);
        Assert.True((await _folder.CoverageAsync(CliFolder.Stream)).IsEmpty);
    }

    [Fact]
    public async Task A_sample_cannot_be_repaired() =>
        Assert.Equal(ExitCode.BadUsage, (await RunAsync("compare", "--sample", "5", "--repair")).ExitCode);
}
