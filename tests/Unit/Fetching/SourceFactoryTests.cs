using System.Text;
using Qmtl.Cli.Hosting;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Unit.Cli;

namespace Qmtl.Unit.Fetching;

public sealed class SourceFactoryTests
{
    [Fact]
    public void A_source_is_found_by_its_name_in_any_case()
    {
        Assert.Contains("binance", SourceFactory.Kinds.Select(kind => kind.Name));
        Assert.Equal("binance", SourceFactory.Default.Name);
        Assert.Equal("binance", SourceFactory.Find("Binance").Open(new()).Name);
        Assert.Equal("mine", SourceFactory.Find("BINANCE").Open(new() { Name = "mine" }).Name);
        ArgumentException unknown = Assert.Throws<ArgumentException>(() => SourceFactory.Find("krakken"));
        Assert.Contains("no source 'krakken'. There are alpaca, ", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("path", Assert.Throws<ArgumentException>(() => SourceFactory.Find("csv").Open(new())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_of_the_kind_that_reads_its_name_and_a_CSV_otherwise()
    {
        var lines = new SourceKind("lines") { IsFile = true, Reads = path => path.EndsWith(".jsonl", StringComparison.Ordinal), Open = _ => null! };
        SourceFactory.Add(lines);
        Assert.Same(lines, SourceFactory.OfFile("a.jsonl"));
        Assert.Equal("csv", SourceFactory.OfFile("a.csv").Name);
        Assert.Equal("csv", SourceFactory.OfFile("a.txt").Name);
    }

    [Fact]
    public void A_name_that_is_taken_is_refused() =>
        Assert.Contains(
            "'Binance' already", Assert.Throws<ArgumentException>(() => SourceFactory.Add(new("Binance") { Open = _ => null! })).Message, StringComparison.Ordinal);

    // An exchange with words, limits and an address of its own, described at run time: nothing but its description is new.
    [Fact]
    public async Task An_exchange_that_was_added_at_run_time_is_backfilled_by_its_name()
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")] });
        string text = """
            { "schema": 1, "name": "minutely", "title": "Minutely", "trusted": true, "base": "BASE", "symbol": { "example": "BTCUSDT" },
              "intervals": { "1m": "1m" },
              "routes": [ { "path": "/api/v3/klines", "maxBars": 100, "query": {
                "limit": "{limit}", "symbol": "{symbol}", "interval": "{interval}", "startTime": "{start:ms}", "endTime": "{end:ms}" } } ],
              "rows": { "at": [], "shape": "arrays", "time": { "field": 0, "unit": "ms" },
                "columns": { "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5 } },
              "ok": { "is": "array" } }
            """;
        ExchangeProfile profile = ExchangeProfileReader.Read(
            Encoding.UTF8.GetBytes(text.Replace("BASE", exchange.BaseUri.ToString(), StringComparison.Ordinal)), "minutely.json");
        SourceFactory.Add(new("minutely") { Open = options => profile.CreateFetcher(new() { BaseUri = options.BaseUri, Name = options.Name }) });
        using var folder = new CliFolder();

        CliOutcome outcome = await CliRunner.RunAsync(
            "backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1m", "--source", "minutely",
            "--start", "2024-01-01", "--end", "2024-01-01T03:59:00Z");
        CliOutcome other = await CliRunner.RunAsync(
            "backfill", "--store", folder.StorePath, "--node", "BTCUSDT", "--interval", "1h", "--source", "minutely", "--start", "2024-01-01");

        Assert.Equal((ExitCode.Complete, string.Empty), (outcome.ExitCode, outcome.Error));
        Assert.Equal(240, (await folder.CoverageAsync(CliFolder.Stream)).BarCount);
        Assert.Equal(3, exchange.RequestCount);
        Assert.All(exchange.Requests, request => Assert.Equal(100, request.Limit));
        Assert.Contains("Minutely has no 1h bars. It has 1m.", other.Error, StringComparison.Ordinal);
        Assert.Equal("minutely", SourceFactory.Find("minutely").Open(new()).Name);
        Assert.Equal("minutely:localhost:81", SourceFactory.Find("minutely").Open(new() { BaseUri = new Uri("http://localhost:81") }).Name);
    }
}
