using System.Globalization;
using Qmtl.Cli.Hosting;
using Qmtl.Fetching;
using Qmtl.Fetching.Binance;
using Qmtl.Fetching.Http;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Cli;

namespace Qmtl.Unit.Fetching;

public sealed class SourceFactoryTests
{
    [Fact]
    public void A_source_is_found_by_its_name_in_any_case()
    {
        Assert.Equal(["binance", "csv"], SourceFactory.Kinds.Take(2).Select(kind => kind.Name));
        Assert.Equal("binance", SourceFactory.Find("Binance").Open(new()).Name);
        Assert.Equal("mine", SourceFactory.Find("BINANCE").Open(new() { Name = "mine" }).Name);
        ArgumentException unknown = Assert.Throws<ArgumentException>(() => SourceFactory.Find("kraken"));
        Assert.Contains("no source 'kraken'. There are binance, csv", unknown.Message, StringComparison.Ordinal);
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
        var api = new HttpApi
        {
            Title = "Minutely",
            BaseUri = exchange.BaseUri,
            Intervals = new Dictionary<BarInterval, string> { [BarInterval.Parse("1m")] = "1m" },
            MostBarsPerRequest = 100,
            Limits = [],
            Request = page => new HttpRequestMessage(HttpMethod.Get, new Uri(page.BaseUri, string.Create(
                CultureInfo.InvariantCulture,
                $"api/v3/klines?limit={page.Limit}&symbol={page.Symbol}&interval={page.Interval}&startTime={page.Range.Start}000&endTime={page.Range.End}000"))),
            Read = BinanceApi.Instance.Read,
        };
        SourceFactory.Add(api.Kind);
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
