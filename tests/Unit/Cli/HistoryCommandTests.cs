using System.Text;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

public sealed class HistoryCommandTests
{
    [Fact]
    public async Task Redirected_output_is_CSV()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 4]);

        CliOutcome outcome = await RunAsync(folder);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Equal("ts,close,trades\n1704067200,0.5,0\n1704067260,1.5,1\n1704067440,4.5,4\n", outcome.Output);
        Assert.Empty(outcome.Error);
    }

    [Fact]
    public async Task Json_has_a_line_for_each_bar()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1]);

        CliOutcome outcome = await RunAsync(folder, "--json");

        Assert.Equal(
            [
                """{"ts":1704067200,"time":"2024-01-01T00:00:00Z","close":0.5,"trades":0}""",
                """{"ts":1704067260,"time":"2024-01-01T00:01:00Z","close":1.5,"trades":1}""",
            ],
            outcome.Lines);
    }

    [Fact]
    public async Task Start_and_end_are_both_inside()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2, 3]);

        CliOutcome outcome = await RunAsync(folder, "--start", "2024-01-01T01:01+01:00", "--end", "1704067320");

        Assert.Equal(["ts,close,trades", "1704067260,1.5,1", "1704067320,2.5,2"], outcome.Lines);
    }

    [Fact]
    public async Task A_range_without_bars_is_a_header_or_nothing()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);

        CliOutcome csv = await RunAsync(folder, "--start", "2025-01-01");
        Assert.Equal("ts\n", csv.Output);
        Assert.Empty(csv.Error);
        Assert.EndsWith(
            "qmtl: note: No bar of BTCUSDT 1m is stored in that range. See: qmtl coverage.",
            (await RunAsync(folder, "--start", "2025-01-01", "--log-level", "information")).Error.TrimEnd(),
            StringComparison.Ordinal);
        Assert.Empty((await RunAsync(folder, "--start", "2025-01-01", "--json")).Output);
    }

    [Fact]
    public async Task All_bars_come_out_however_many_pages_they_are()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([.. Enumerable.Range(0, 25_000)]);

        string[] lines = (await RunAsync(folder, "--csv")).Lines;

        Assert.Equal(25_001, lines.Length);
        Assert.Equal($"{CliFolder.Minute(24_999)},24999.5,24999", lines[^1]);
    }

    [Fact]
    public async Task Text_that_a_spreadsheet_would_run_gets_an_apostrophe_where_that_is_asked_for()
    {
        var frame = new BarFrame(
            BarInterval.Parse("1m"), new long[] { 60, 120 }, [new BarColumn<string?>("=note", new[] { "=1+1", "plain" }), new BarColumn<double>("close", new[] { -1.5, 2 })]);

        Assert.Equal("ts,=note,close\n60,=1+1,-1.5\n120,plain,2\n", await WrittenAsync(isSafe: false));
        Assert.Equal("ts,'=note,close\n60,'=1+1,-1.5\n120,plain,2\n", await WrittenAsync(isSafe: true));

        async Task<string> WrittenAsync(bool isSafe)
        {
            using var output = new MemoryStream();
            await using (var csv = new CsvBars(output, isTerminal: false, isSafe))
            {
                await csv.WriteAsync(frame, CancellationToken.None);
            }

            return Encoding.UTF8.GetString(output.ToArray());
        }
    }

    [Fact]
    public async Task What_history_wrote_backfill_reads_back()
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1, 2]);
        string csv = folder.PathOf("bars.csv");
        await File.WriteAllTextAsync(csv, (await RunAsync(folder)).Output);
        string copy = folder.PathOf("copy.db");

        CliOutcome backfill = await CliRunner.RunAsync(
            "backfill", "--store", copy, "--node", "BTCUSDT", "--interval", "1m", "--file", csv, "--start", "2024-01-01", "--end", "2024-01-01T00:02");

        Assert.Equal((ExitCode.Complete, ""), (backfill.ExitCode, backfill.Error));
        Assert.Equal(
            (await RunAsync(folder)).Output,
            (await CliRunner.RunAsync("history", "--store", copy, "--node", "BTCUSDT", "--interval", "1m")).Output);
    }

    private static Task<CliOutcome> RunAsync(CliFolder folder, params string[] arguments) =>
        CliRunner.RunAsync(["history", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", .. arguments]);
}
