using System.Text.Json;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

public sealed class CoverageCommandTests
{
    [Fact]
    public async Task Json_has_a_line_for_each_range_with_every_time_in_both_forms()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5]);

        CliOutcome outcome = await CliRunner.RunAsync("coverage", "--store", folder.StorePath, "--json");

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Equal(
            [
                """{"node_id":"BTCUSDT","interval":"1m","interval_seconds":60,"start":"2024-01-01T00:00:00Z","end":"2024-01-01T00:02:00Z","start_ts":1704067200,"end_ts":1704067320,"bars":3,"table":"BTCUSDT"}""",
                """{"node_id":"BTCUSDT","interval":"1m","interval_seconds":60,"start":"2024-01-01T00:05:00Z","end":"2024-01-01T00:05:00Z","start_ts":1704067500,"end_ts":1704067500,"bars":1,"table":"BTCUSDT"}""",
            ],
            outcome.Lines);
        Assert.Empty(outcome.Error);
    }

    [Fact]
    public async Task The_table_tells_stored_missing_and_empty_bars_apart_and_draws_them()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5, 6, 7, 8, 9], empty: 3);

        CliOutcome outcome = await CliRunner.RunAsync("coverage", "--store", folder.StorePath);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        string row = outcome.Lines.First(line => line.Contains("2024-01-01T00:00:00Z", StringComparison.Ordinal));
        Assert.Equal(["BTCUSDT", "1m", "2024-01-01T00:00:00Z", "2024-01-01T00:09:00Z", "8", "1", "1"], row.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("BTCUSDT 1m ###-.#####", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_is_not_named_by_its_node_is_shown()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);
        var odd = new StreamKey("sqlite_x", CliFolder.Stream.Interval);
        string table;
        await using (IHistoryStore store = HistoryStoreFactory.Open(folder.StorePath))
        {
            var none = TimeRangeSet.Empty(odd.Interval);
            await store.WriteAsync(odd, [new BarPage("binance", new BarFrame(odd.Interval, new[] { CliFolder.NewYear }, [new BarColumn<double>("close", new[] { 1.5 })]), none, none)]);
            table = store.GetTableName("sqlite_x")!;
        }

        Assert.StartsWith("_sqlite_x~", table, StringComparison.Ordinal);
        CliOutcome shown = await CliRunner.RunAsync("coverage", "--store", folder.StorePath);
        Assert.Equal([$" sqlite_x is in the table {table}"], shown.Lines.Where(line => line.Contains("is in the table", StringComparison.Ordinal)));
        CliOutcome json = await CliRunner.RunAsync("coverage", "--store", folder.StorePath, "--json", "--node", "sqlite_x");
        Assert.EndsWith($"\"table\":\"{table}\"}}", Assert.Single(json.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirected_output_is_ASCII_without_escape_sequences()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 5]);

        CliOutcome outcome = await CliRunner.RunAsync("coverage", "--store", folder.StorePath);

        Assert.All(outcome.Output, character => Assert.True(character is '\n' or (>= ' ' and <= '~'), $"U+{(int)character:X4}"));
    }

    [Fact]
    public async Task Node_and_interval_narrow_what_is_shown()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);

        Assert.Single((await CliRunner.RunAsync("coverage", "--store", folder.StorePath, "--json", "--node", "ETHUSDT", "--node", "BTCUSDT")).Lines);
        Assert.Empty((await CliRunner.RunAsync("coverage", "--store", folder.StorePath, "--json", "--node", "ETHUSDT")).Lines);
        Assert.Empty((await CliRunner.RunAsync("coverage", "--store", folder.StorePath, "--json", "--interval", "1h")).Lines);
    }

    [Fact]
    public async Task The_store_may_come_from_the_environment()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);

        CliOutcome outcome = await CliRunner.RunAsync(new() { ["QMTL_STORE"] = folder.StorePath }, ["coverage", "--json"]);

        Assert.Equal("BTCUSDT", JsonDocument.Parse(outcome.Output).RootElement.GetProperty("node_id").GetString());
    }
}
