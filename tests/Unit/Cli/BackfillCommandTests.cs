using System.Text.Json;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

public sealed class BackfillCommandTests
{
    private static readonly string[] Day = ["--start", "2024-01-01", "--end", "2024-01-01T23:59:00Z"];

    [Fact]
    public async Task A_day_is_fetched_once_and_a_second_run_asks_nothing()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start();

        CliOutcome first = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--node", "XRPETH", "--json", .. Day]);
        long asked = exchange.RequestCount;
        CliOutcome second = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--node", "XRPETH", "--json", .. Day]);

        Assert.Equal((ExitCode.Complete, ""), (first.ExitCode, first.Error));
        Assert.Equal((ExitCode.Complete, ""), (second.ExitCode, second.Error));

        // Two pages a node, and the end of one of them, at which XRPETH has no bars.
        Assert.Equal(5, asked);
        Assert.Equal(asked, exchange.RequestCount);
        foreach (string symbol in (string[])["BTCUSDT", "XRPETH"])
        {
            var stream = new StreamKey(symbol, BarInterval.FromSeconds(60));
            ISimulatedMarket market = exchange.Markets.Single(market => market.Symbol == symbol);
            IReadOnlyList<SimulatedCandle> all = market.ReadAll(stream.Interval, new TimeRange(CliFolder.Minute(0), CliFolder.Minute(1439)));
            Assert.Equal(all.Select(candle => candle.Timestamp), Bars(await folder.CoverageAsync(stream)));
        }
    }

    [Fact]
    public async Task A_dry_run_lists_what_would_be_asked_for_and_asks_and_makes_nothing()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start();

        CliOutcome first = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--dry-run", .. Day]);
        Assert.Equal((ExitCode.Complete, ""), (first.ExitCode, first.Error));
        Assert.EndsWith("1,440 bars would be asked for in 1 gap.\n", first.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.StorePath));

        await folder.WriteAsync([0, 1, 2, 1439]);
        CliOutcome rest = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--dry-run", "--json", .. Day]);
        Assert.Contains("\"start\":\"2024-01-01T00:03:00Z\",\"end\":\"2024-01-01T23:58:00Z\"", Assert.Single(rest.Lines), StringComparison.Ordinal);
        Assert.Contains("1,440 bars", (await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--dry-run", "--force", .. Day])).Output, StringComparison.Ordinal);
        Assert.Equal(0, exchange.RequestCount);
        Assert.Equal(4, (await folder.CoverageAsync(CliFolder.Stream)).BarCount);
    }

    [Fact]
    public async Task Json_has_a_line_for_each_node_with_all_counts()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [new GeneratedMarket("BTCUSDT")] });
        exchange.Faults.Enqueue(SimulatedFault.Status(503));

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--json", "--throttle-limit", "1", .. Day]);

        using JsonDocument document = JsonDocument.Parse(Assert.Single(outcome.Lines));
        Dictionary<string, string> fields = document.RootElement.EnumerateObject().ToDictionary(field => field.Name, field => field.Value.ToString());
        Assert.True(double.Parse(fields["duration_seconds"], System.Globalization.CultureInfo.InvariantCulture) > 0);
        fields.Remove("duration_seconds");
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["node_id"] = "BTCUSDT",
                ["interval"] = "1m",
                ["interval_seconds"] = "60",
                ["start"] = "2024-01-01T00:00:00Z",
                ["end"] = "2024-01-01T23:59:00Z",
                ["start_ts"] = "1704067200",
                ["end_ts"] = "1704153540",
                ["bars"] = "1440",
                ["status"] = "completed",
                ["bars_written"] = "1440",
                ["bars_replaced"] = "0",
                ["bars_empty"] = "0",
                ["bars_rejected"] = "0",
                ["bars_missing"] = "0",
                ["requests"] = "3",
                ["retries"] = "1",
                ["error"] = "",
            },
            fields);
    }

    [Fact]
    public async Task A_node_that_fails_exits_1_with_one_line_and_does_not_stop_the_others()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start();

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "NOSUCH", "--node", "BTCUSDT", .. Day]);

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.StartsWith("qmtl: error: NOSUCH 1m: ", outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Contains("Failed", outcome.Output, StringComparison.Ordinal);
        Assert.NotEmpty(await folder.CoverageAsync(CliFolder.Stream));
    }

    [Fact]
    public async Task Bars_that_a_source_neither_gives_nor_denies_exit_1()
    {
        using var folder = new CliFolder();
        string csv = folder.PathOf("bars.csv");
        await File.WriteAllTextAsync(csv, "ts,close\n1704067200,1\n1704067260,2\n");

        CliOutcome outcome = await CliRunner.RunAsync(
            ["backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--file", csv, .. Day]);

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains("1,438 bars still missing", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_taken_from_its_first_bar_to_its_last_and_its_form_of_time_is_told()
    {
        using var folder = new CliFolder();
        string csv = folder.PathOf("bars.csv");
        await File.WriteAllTextAsync(csv, "ts,close\n1704067200000,1\n1704067260000,2\nsoon,3\n1704067380000,4\n");

        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--source", "csv", "--file", csv);

        Assert.Contains("times are Unix milliseconds.", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("line 4: ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(
            [new TimeRange(CliFolder.Minute(0), CliFolder.Minute(1)), new TimeRange(CliFolder.Minute(3), CliFolder.Minute(3))],
            await folder.CoverageAsync(CliFolder.Stream));

        // The row that could not be read may have been the bar that is missing, so nobody claims that there is none.
        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains("1 bar still missing", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1704067200|1,234|2\n1704067260|2,5|3\n", "--delimiter", "|", "--header", "ts,open,close", "--culture", "de-DE")]
    [InlineData("1704067200\t1,234\t2\n1704067260\t2,5\t3\n", "--delimiter", "tab", "--header", "ts, open, close")]
    [InlineData("[[1704067200000,1.234,2],[1704067260000,2.5,3]]", "--header", "ts,open,close")]
    public async Task A_file_is_read_as_the_options_say(string content, params string[] options)
    {
        using var folder = new CliFolder();
        string file = folder.PathOf("dump");
        await File.WriteAllTextAsync(file, content);

        CliOutcome outcome = await CliRunner.RunAsync(
            ["backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--file", file, .. options]);
        CliOutcome history = await CliRunner.RunAsync(
            "history", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--start", "2024-01-01", "--csv");

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains("1.234,2", history.Output, StringComparison.Ordinal);
        Assert.Contains("2.5,3", history.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_exits_1_and_says_why()
    {
        using var folder = new CliFolder();
        string csv = folder.PathOf("bars.csv");
        await File.WriteAllTextAsync(csv, "node_id,ts,close\nETHUSDT,1704067200,1\n");

        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--file", csv);

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.Contains("no rows of BTCUSDT", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.StorePath));
    }

    [Fact]
    public async Task Bars_younger_than_the_settle_time_do_not_fail_a_job()
    {
        using var folder = new CliFolder();
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var market = new GeneratedMarket("BTCUSDT") { To = now - (3600 * 2) };
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [market] });

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--start", UnixTime.Format(now - (3600 * 3))]);

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
        CliOutcome told = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--log-level", "information"]);
        Assert.Matches("qmtl: note: BTCUSDT 1m: .* too young", told.Error);
    }

    [Fact]
    public async Task Rows_that_were_refused_are_told_once_with_counts()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [new GeneratedMarket("BTCUSDT")] });
        exchange.Faults.Rule = _ => SimulatedFault.RowsOutsideRange;

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "BTCUSDT", .. Day]);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        string warning = Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.StartsWith("qmtl: warning: BTCUSDT 1m: ", warning, StringComparison.Ordinal);
        Assert.Contains("4 outside the asked range", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_start_defaults_to_the_first_stored_bar()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [new GeneratedMarket("BTCUSDT")] });
        await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--start", "2024-01-01", "--end", "2024-01-01T00:00"]);

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--end", "2024-01-01T01:00"]);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.Equal(new TimeRange(CliFolder.Minute(0), CliFolder.Minute(60)), Assert.Single(await folder.CoverageAsync(CliFolder.Stream)));
    }

    [Fact]
    public async Task Without_a_start_and_without_a_stored_bar_it_says_what_to_do()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start();

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "BTCUSDT"]);

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains("Give --start", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(0, exchange.RequestCount);
    }

    [Fact]
    public async Task Empty_bars_are_asked_for_again_on_request()
    {
        using var folder = new CliFolder();
        var market = new GeneratedMarket("BTCUSDT") { From = CliFolder.Minute(700) };
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [market] });
        await RunAsync(folder, exchange, ["--node", "BTCUSDT", .. Day]);
        long asked = exchange.RequestCount;

        CliOutcome outcome = await RunAsync(folder, exchange, ["--node", "BTCUSDT", "--retry-empty", .. Day]);

        Assert.Equal(ExitCode.Complete, outcome.ExitCode);
        Assert.True(exchange.RequestCount > asked);
    }

    private static IEnumerable<long> Bars(TimeRangeSet set) =>
        set.SelectMany(range => Enumerable.Range(0, (int)range.CountBars(set.Interval)).Select(i => range.Start + (i * set.Interval.Seconds)));

    private static Task<CliOutcome> RunAsync(CliFolder folder, SimulatedExchange exchange, string[] arguments) => CliRunner.RunAsync(
        ["backfill", "--store", folder.StorePath, "--interval", "1m", "--base-uri", exchange.BaseUri.ToString(), .. arguments]);
}
