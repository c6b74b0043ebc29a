using Qmtl.Cli.Hosting;

namespace Qmtl.Unit.Cli;

public sealed class SummaryCommandTests
{
    [Fact]
    public async Task A_line_a_stream_tells_what_is_there_and_what_is_not()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5, 6, 7, 8, 9], empty: 3);

        CliOutcome outcome = await CliRunner.RunAsync("summary", "--store", folder.StorePath);

        Assert.Equal((ExitCode.Complete, string.Empty), (outcome.ExitCode, outcome.Error));
        string row = outcome.Lines.First(line => line.Contains("2024-01-01T00:00:00Z", StringComparison.Ordinal));
        Assert.Equal(
            ["BTCUSDT", "1m", "2024-01-01T00:00:00Z", "2024-01-01T00:09:00Z", "8", "1", "1", "88.88", "%"],
            row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..9]);
    }

    [Fact]
    public async Task Json_has_a_line_a_stream_with_every_time_in_both_forms()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5]);

        CliOutcome outcome = await CliRunner.RunAsync("summary", "--store", folder.StorePath, "--json", "--node", "BTCUSDT");

        string line = Assert.Single(outcome.Lines);
        Assert.StartsWith(
            """{"node_id":"BTCUSDT","interval":"1m","interval_seconds":60,"first":"2024-01-01T00:00:00Z","last":"2024-01-01T00:05:00Z","first_ts":1704067200,"last_ts":1704067500,"bars":4,"missing":2,"empty":0,"completeness_percent":66.66,"bars_behind":""",
            line,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_without_such_a_stream_says_so()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);
        CliOutcome outcome = await CliRunner.RunAsync("summary", "--store", folder.StorePath, "--interval", "1h");
        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.StartsWith("No such stream is in sqlite:", outcome.Output, StringComparison.Ordinal);
    }
}
