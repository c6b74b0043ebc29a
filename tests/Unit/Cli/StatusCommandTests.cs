using System.Text.Json;
using Qmtl.Cli.Hosting;

namespace Qmtl.Unit.Cli;

public sealed class StatusCommandTests
{
    [Fact]
    public async Task A_line_a_stream_and_a_sum_tell_what_is_late_and_missing()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5, 6, 7, 8, 9], empty: 3);

        CliOutcome outcome = await CliRunner.RunAsync("status", "--store", folder.StorePath, "--budget", "90m");

        Assert.Equal((ExitCode.Complete, string.Empty), (outcome.ExitCode, outcome.Error));
        string[] row = outcome.Lines.First(line => line.Contains("BTCUSDT", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["BTCUSDT", "1m", "Stale", "2024-01-01T00:09:00Z"], row[..4]);
        Assert.Equal(["0.1:30:00", "1", "88.88", "%"], [row[5], .. row[^3..]]);
        Assert.Equal("1 stream: 1 stale.", outcome.Lines[^1]);
    }

    [Fact]
    public async Task Json_has_every_number_of_a_stream()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5]);

        CliOutcome outcome = await CliRunner.RunAsync("status", "--store", folder.StorePath, "--json", "--budget", "3");

        JsonElement line = JsonDocument.Parse(Assert.Single(outcome.Lines)).RootElement;
        Assert.Equal(
            ("stale", "2024-01-01T00:05:00Z", 1704067500, 180, 4, 2),
            (line.GetProperty("state").GetString(), line.GetProperty("newest").GetString(), line.GetProperty("newest_ts").GetInt64(),
                line.GetProperty("budget_seconds").GetInt64(), line.GetProperty("bars").GetInt64(), line.GetProperty("missing").GetInt64()));
        Assert.Equal(4 / 6.0, line.GetProperty("coverage_ratio").GetDouble(), 9);
        Assert.Equal(line.GetProperty("bars_behind").GetInt64() - 1, line.GetProperty("staleness_seconds").GetInt64() / 60);
    }

    [Theory]
    [InlineData(null, "5m", ExitCode.Complete)]
    [InlineData("stale", "5m", ExitCode.Failed)]
    [InlineData("STALE", "20000d", ExitCode.Complete)]
    [InlineData("incomplete", "20000d", ExitCode.Failed)]
    public async Task The_exit_code_tells_only_where_that_is_asked_for(string? failOn, string budget, int code)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 5]);

        CliOutcome outcome = await CliRunner.RunAsync(["status", "--store", folder.StorePath, "--budget", budget, .. failOn is null ? Array.Empty<string>() : ["--fail-on", failOn]]);

        Assert.Equal((code, string.Empty), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public async Task A_declaration_says_which_streams_from_when_on_and_how_late_they_may_be()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([2, 3, 5]);
        string config = Declare(folder, "bars.db");

        CliOutcome outcome = await CliRunner.RunAsync("status", "--config", config, "--json", "--fail-on", "stale");

        Assert.Equal((ExitCode.Failed, string.Empty), (outcome.ExitCode, outcome.Error));
        JsonElement[] lines = [.. outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            [("ETHUSDT", "absent", 20.0, 0), ("BTCUSDT", "stale", 86400000.0, 3)],
            lines.Select(line => (
                line.GetProperty("node_id").GetString(), line.GetProperty("state").GetString(), line.GetProperty("budget_seconds").GetDouble(),
                line.GetProperty("missing").GetInt32())));
        Assert.EndsWith("bars.db", lines[0].GetProperty("store").GetString(), StringComparison.Ordinal);

        CliOutcome one = await CliRunner.RunAsync("status", "--config", config, "--json", "--node", "ETH*");
        Assert.Equal("ETHUSDT", JsonDocument.Parse(Assert.Single(one.Lines)).RootElement.GetProperty("node_id").GetString());
    }

    [Fact]
    public async Task A_store_that_is_away_is_told_and_hides_no_other()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([2, 3, 5]);
        await File.WriteAllTextAsync(folder.PathOf("broken.db"), "no database, and long enough to be told from an empty file");
        string config = Declare(folder, "broken.db");

        CliOutcome outcome = await CliRunner.RunAsync("status", "--config", config, "--json");

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains("is not a SQLite database", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("BTCUSDT", JsonDocument.Parse(Assert.Single(outcome.Lines)).RootElement.GetProperty("node_id").GetString());
        Assert.Equal(ExitCode.BadUsage, (await CliRunner.RunAsync("status", "--config", folder.PathOf("none.json"))).ExitCode);
    }

    [Theory]
    [InlineData("--budget", "soon", "--budget: 'soon' is neither a number of bars nor a length of time.")]
    [InlineData("--fail-on", "fresh", "--fail-on: 'fresh' is not known. Choose stale or incomplete.")]
    public async Task What_is_none_is_refused(string option, string value, string problem)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);

        CliOutcome outcome = await CliRunner.RunAsync("status", "--store", folder.StorePath, option, value);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(problem, outcome.Error, StringComparison.Ordinal);
    }

    private static string Declare(CliFolder folder, string second)
    {
        string path = folder.PathOf("keep.json");
        File.WriteAllText(path, $$"""
            {
              "schema": 1,
              "stores": { "main": { "path": "bars.db" }, "second": { "path": "{{second}}", "table": "all" } },
              "defaults": { "source": "binance", "intervals": ["1m"], "start": "2024-01-01T00:00:00Z" },
              "streams": [
                { "nodes": ["BTCUSDT"], "store": "main", "budget": "1000d" },
                { "nodes": ["ETHUSDT"], "store": "second", "budget": "20s" }
              ]
            }
            """);
        return path;
    }
}
