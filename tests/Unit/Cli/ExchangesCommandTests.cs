using System.Text.Json;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Cli;

public sealed class ExchangesCommandTests
{
    [Fact]
    public async Task All_exchanges_are_listed_and_each_in_full_where_it_is_named()
    {
        CliOutcome all = await CliRunner.RunAsync("exchanges");
        CliOutcome one = await CliRunner.RunAsync("exchanges", "Kraken");

        Assert.Equal((ExitCode.Complete, string.Empty), (all.ExitCode, all.Error));
        Assert.All(ExchangeCatalog.Names, name => Assert.Contains(all.Lines, line => line.Contains($" {name} ", StringComparison.Ordinal) || line.StartsWith($"{name} ", StringComparison.Ordinal)));
        Assert.Contains("1m 5m 15m 30m 1h 4h 1d", one.Output, StringComparison.Ordinal);
        Assert.Contains("newest 7", one.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_a_line_for_each_with_all_that_is_known()
    {
        CliOutcome outcome = await CliRunner.RunAsync("exchanges", "okx", "binance", "--json");

        JsonElement[] lines = [.. outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["okx", "binance"], lines.Select(line => line.GetProperty("name").GetString()));
        Assert.Equal(6000, lines[1].GetProperty("limits")[0].GetProperty("weight").GetInt32());
        Assert.True(lines[1].GetProperty("trusted").GetBoolean());
    }

    [Fact]
    public async Task A_name_that_is_none_and_a_profile_that_is_wrong_are_refused()
    {
        using var folder = new CliFolder();
        string profile = folder.PathOf("mine.json");
        await File.WriteAllTextAsync(profile, """{ "schema": 1, "name": "mine", "colour": 1 }""");

        CliOutcome unknown = await CliRunner.RunAsync("exchanges", "krakken");
        CliOutcome wrong = await CliRunner.RunAsync("exchanges", profile);

        Assert.Equal((ExitCode.BadUsage, ExitCode.BadUsage), (unknown.ExitCode, wrong.ExitCode));
        Assert.Contains("There is no exchange 'krakken'. There are alpaca, ", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("mine.json, 'colour'", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_of_ones_own_fills_a_node_under_the_symbol_that_is_given()
    {
        string shipped = SimulatedExchange.ProfileOf("okx");
        await using var exchange = SimulatedExchange.Start(new() { Profile = shipped, Markets = [new GeneratedMarket("BTC-USDT")] });
        using var folder = new CliFolder();
        string profile = folder.PathOf("mine.json");
        await File.WriteAllTextAsync(profile, shipped.Replace("https://www.okx.com", exchange.BaseUri.ToString(), StringComparison.Ordinal));

        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", folder.StorePath, "--node", "btc", "--interval", "1m", "--source", profile, "--symbol", "btc=BTC-USDT",
            "--start", "2024-01-01", "--end", "2024-01-01T01:59:00Z");

        Assert.Equal((ExitCode.Complete, string.Empty), (outcome.ExitCode, outcome.Error));
        Assert.Equal(120, (await folder.CoverageAsync(new StreamKey("btc", BarInterval.Parse("1m")))).BarCount);
        Assert.All(exchange.Requests, request => Assert.Equal("BTC-USDT", request.Symbol));
    }

    [Theory]
    [InlineData("btc", "must be NODE=SYMBOL")]
    [InlineData("=BTC-USDT", "must be NODE=SYMBOL")]
    [InlineData("btc=", "must be NODE=SYMBOL")]
    public async Task A_symbol_without_its_node_is_refused(string symbol, string expected)
    {
        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", "x.db", "--node", "btc", "--interval", "1m", "--source", "okx", "--symbol", symbol, "--start", "2024-01-01");

        Assert.Equal(ExitCode.BadUsage, outcome.ExitCode);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("backfill --source cry", "cryptocom")]
    [InlineData("exchanges hyper", "hyperliquid")]
    [InlineData("backfill --source coinbase-exchange --interval 6", "6h")]
    [InlineData("backfill --interval 4", "4h")]
    public async Task Completion_offers_exchanges_and_the_intervals_of_the_one_already_typed(string typed, string offered)
    {
        CliOutcome outcome = await CliRunner.RunAsync($"[suggest:{typed.Length}]", typed);

        Assert.Equal([offered], outcome.Lines);
    }
}
