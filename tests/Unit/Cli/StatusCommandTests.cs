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
}
