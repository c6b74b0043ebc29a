using Qmtl.Cli.Hosting;

namespace Qmtl.Unit.Cli;

public sealed class ReportCommandTests
{
    [Fact]
    public async Task It_writes_a_page_of_what_was_asked_for_and_says_so()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 5, 6, 7, 8, 9], empty: 3);
        string page = folder.PathOf("report.html");

        CliOutcome outcome = await CliRunner.RunAsync(
            "report", "--store", folder.StorePath, "--end", "2024-01-01T00:10", "--title", "Minutes", "--out", page);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Equal([$"{page}: 1 stream, 8 bars; 1 missing in 1 gap, 1 not there yet."], outcome.Lines);
        Assert.Contains("<title>Minutes</title>", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--node", "ETHUSDT", "No such stream is in")]
    [InlineData("--candles", "3", "A stream has 10 to 5000 candles")]
    [InlineData("--out", "no/such/folder/report.html", "There is no folder")]
    [InlineData("--start", "2024-01-02", "Swap the two")]
    public async Task What_cannot_be_reported_is_bad_usage_and_writes_nothing(string option, string value, string message)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1]);
        string[] where = option == "--out" ? [option, folder.PathOf(value)] : ["--out", folder.PathOf("report.html"), option, value];

        CliOutcome outcome = await CliRunner.RunAsync(["report", "--store", folder.StorePath, "--end", "2024-01-01T00:10", .. where]);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.PathOf("report.html")));
    }
}
