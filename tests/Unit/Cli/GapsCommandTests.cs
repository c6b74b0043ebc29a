using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

public sealed class GapsCommandTests
{
    private static readonly string[] Week = ["--start", "2024-01-01", "--end", "2024-01-01T00:09:30Z"];

    [Fact]
    public async Task Json_has_a_line_for_each_gap_and_leaves_known_empty_bars_out()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([1, 2, 5, 6, 7, 9], empty: 3);

        CliOutcome outcome = await RunAsync(folder, ["--json", .. Week]);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Equal(
            [
                """{"node_id":"BTCUSDT","interval":"1m","interval_seconds":60,"start":"2024-01-01T00:00:00Z","end":"2024-01-01T00:00:00Z","start_ts":1704067200,"end_ts":1704067200,"bars":1}""",
                """{"node_id":"BTCUSDT","interval":"1m","interval_seconds":60,"start":"2024-01-01T00:04:00Z","end":"2024-01-01T00:04:00Z","start_ts":1704067440,"end_ts":1704067440,"bars":1}""",
                """{"node_id":"BTCUSDT","interval":"1m","interval_seconds":60,"start":"2024-01-01T00:08:00Z","end":"2024-01-01T00:08:00Z","start_ts":1704067680,"end_ts":1704067680,"bars":1}""",
            ],
            outcome.Lines);
    }

    [Fact]
    public async Task Known_empty_bars_count_as_missing_where_asked()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5, 6, 7, 8, 9], empty: 3);

        CliOutcome outcome = await RunAsync(folder, ["--json", "--include-empty", .. Week]);

        Assert.Contains("\"bars\":2", Assert.Single(outcome.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_start_defaults_to_the_first_stored_bar_and_the_end_to_the_last_closed_one()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([3, 4]);
        long before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        CliOutcome outcome = await RunAsync(folder, ["--json"]);

        string line = Assert.Single(outcome.Lines);
        Assert.Contains($"\"start_ts\":{CliFolder.Minute(5)},", line, StringComparison.Ordinal);
        long end = System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("end_ts").GetInt64();
        Assert.InRange(end, CliFolder.Stream.Interval.LastClosedBar(before), CliFolder.Stream.Interval.LastClosedBar(DateTimeOffset.UtcNow));
    }

    [Fact]
    public async Task Months_have_no_seconds_and_are_not_minutes()
    {
        using var folder = new CliFolder();
        var months = new StreamKey("BTCUSDT", BarInterval.FromMonths(1));
        await folder.WriteAsync([3, 4]);
        await using (IHistoryStore store = HistoryStoreFactory.Open(folder.StorePath))
        {
            var none = TimeRangeSet.Empty(months.Interval);
            var frame = new BarFrame(months.Interval, new[] { 0L, months.Interval.Add(0, 3) }, [new BarColumn<double>("close", new[] { 1.0, 2.0 })]);
            await store.WriteAsync(months, [new BarPage("x", frame, none, none)]);
        }

        CliOutcome outcome = await RunAsync(folder, ["--json", "--interval", "1M", "--start", "1970-01-01", "--end", "1970-04-30"]);

        Assert.Equal(
            ["""{"node_id":"BTCUSDT","interval":"1M","interval_seconds":null,"start":"1970-02-01T00:00:00Z","end":"1970-03-01T00:00:00Z","start_ts":2678400,"end_ts":5097600,"bars":2}"""],
            outcome.Lines);
    }

    [Fact]
    public async Task The_table_ends_with_the_totals()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([1, 2, 5, 6, 7, 9]);

        CliOutcome outcome = await RunAsync(folder, Week);

        Assert.Equal("4 bars missing in 3 gaps.", outcome.Lines[^1]);
    }

    [Fact]
    public async Task A_complete_range_is_said_to_be_complete()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2]);

        CliOutcome outcome = await RunAsync(folder, ["--end", "2024-01-01T00:02"]);

        Assert.Equal(["Nothing is missing."], outcome.Lines);
    }

    private static Task<CliOutcome> RunAsync(CliFolder folder, string[] arguments) =>
        CliRunner.RunAsync(["gaps", "--store", folder.StorePath, "--node", "BTCUSDT", .. arguments.Contains("--interval") ? [] : (string[])["--interval", "1m"], .. arguments]);
}
