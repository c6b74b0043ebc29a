using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

public sealed class NamesTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Fact]
    public async Task A_backfill_of_nothing_but_a_store_completes_all_that_it_holds_up_to_now()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = Exchange();
        string from = DateTimeOffset.UtcNow.AddHours(-3).ToString("yyyy-MM-dd'T'HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);
        await RunAsync(folder, exchange, "--node", "BTCUSDT", "--node", "ETHUSDT", "--interval", "1m", "--start", from, "--end=-2h");
        CliOutcome outcome = await RunAsync(folder, exchange);

        Assert.Equal((ExitCode.Complete, ""), (outcome.ExitCode, outcome.Error));
        foreach (string node in new[] { "BTCUSDT", "ETHUSDT" })
        {
            TimeRangeSet stored = await folder.CoverageAsync(new StreamKey(node, Minute));
            Assert.InRange(Assert.Single(stored).End, Minute.LastClosedBar(DateTimeOffset.UtcNow) - 60, long.MaxValue);
        }
    }

    [Fact]
    public async Task Nodes_are_named_by_what_they_are_like_and_left_out()
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = Exchange();
        await RunAsync(
            folder, exchange, "--node", "BTCUSDT", "--node", "ETHUSDT", "--interval", "1m", "--interval", "1h", "--start", "2024-01-01", "--end", "2024-01-01");

        CliOutcome outcome = await CliRunner.RunAsync(
            "coverage", "--store", folder.StorePath, "--node", "*usdt", "--exclude", "ETH*", "--interval", "1h", "--json");
        Assert.Equal(1, outcome.Output.Split('\n').Count(line => line.Length > 0));
        Assert.Contains("BTCUSDT", outcome.Output, StringComparison.Ordinal);

        // The end is a date: its whole day.
        Assert.Equal(1440, (await folder.CoverageAsync(CliFolder.Stream)).BarCount);
        CliOutcome typo = await CliRunner.RunAsync("coverage", "--store", folder.StorePath, "--node", "BTCUSTD");
        Assert.Equal(ExitCode.Complete, typo.ExitCode);
        Assert.Contains("holds no node 'BTCUSTD'. Did you mean BTCUSDT", typo.Error, StringComparison.Ordinal);
        CliOutcome last = await CliRunner.RunAsync(
            "history", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--last", "5", "--first", "2", "--json");
        Assert.Equal(2, last.Output.Split('\n').Count(line => line.Length > 0));
        Assert.Contains("2024-01-01T23:55:00Z", last.Output, StringComparison.Ordinal);
    }

    private static SimulatedExchange Exchange() =>
        SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [new GeneratedMarket("BTCUSDT"), new GeneratedMarket("ETHUSDT")] });

    private static Task<CliOutcome> RunAsync(CliFolder folder, SimulatedExchange exchange, params string[] arguments) => CliRunner.RunAsync(
        ["backfill", "--store", folder.StorePath, "--base-uri", exchange.BaseUri.ToString(), .. arguments]);
}
