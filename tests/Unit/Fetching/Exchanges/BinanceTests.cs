using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

public class BinanceTests
{
    private const long Start = 1_704_067_200;
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly StreamKey Bitcoin = new("BTCUSDT", Minute);

    [Fact]
    public async Task The_whole_candle_comes_with_its_open_as_time()
    {
        await using var exchange = SimulatedExchange.Start();
        SimulatedCandle candle = exchange.Markets.First().ReadAll(Minute, Bars(1))[0];

        RawBars bars = await Fetcher(exchange).FetchAsync(Bitcoin, Bars(1), CancellationToken.None);

        Assert.Equal([Start], bars.Timestamps.ToArray());
        Assert.Equal(
            ["open", "high", "low", "close", "volume", "quote_volume", "trades", "taker_buy_base_volume", "taker_buy_quote_volume"],
            bars.Columns.Select(column => column.Name));
        Assert.Equal(
            [
                .. new[] { candle.Open, candle.High, candle.Low, candle.Close, candle.Volume, candle.QuoteVolume }.Select(units => (object)SimulatedCandle.ToDouble(units)),
                candle.Trades,
                SimulatedCandle.ToDouble(candle.TakerBaseVolume),
                SimulatedCandle.ToDouble(candle.TakerQuoteVolume),
            ],
            bars.Columns.Select(column => column.GetValue(0)!));
        Assert.Equal(0, bars.Unreadable.Total);
        Assert.Null(bars.About);
        Assert.InRange(bars.AnsweredAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1000, 1)]
    [InlineData(1001, 2)]
    [InlineData(3000, 3)]
    public async Task Each_page_is_one_request_that_is_counted(int count, int requests)
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")] });

        BackfillResult result = await FillAsync(Fetcher(exchange), Bitcoin, Bars(count), new InMemoryHistoryStore());

        Assert.Equal((count, 0L, 0L, requests), (result.BarsWritten, result.BarsEmpty, result.BarsRejected, result.Requests));
        Assert.Equal(requests, exchange.RequestCount);
    }

    [Fact]
    public async Task A_sparse_market_is_complete_and_costs_little_more_than_its_pages()
    {
        var market = new GeneratedMarket("XRPETH", 0.0014m) { QuietShare = 0.6 };
        await using var exchange = SimulatedExchange.Start(new() { Markets = [market] });
        long[] expected = [.. ((ISimulatedMarket)market).ReadAll(Minute, Bars(6000)).Select(candle => candle.Timestamp)];
        var store = new InMemoryHistoryStore();
        var stream = new StreamKey("XRPETH", Minute);

        BackfillResult result = await FillAsync(Fetcher(exchange), stream, Bars(6000), store);

        Assert.Equal(expected, store.Stored(stream));
        Assert.Equal((BackfillStatus.Completed, 6000L - expected.Length), (result.Status, result.BarsEmpty));
        Assert.Equal(exchange.RequestCount, result.Requests);
        Assert.InRange(result.Requests, 6, 18);
    }

    [Fact]
    public async Task Requests_are_as_large_as_the_option_says()
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")] });
        var fetcher = ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri, BarsPerRequest = 10 });

        BackfillResult result = await FillAsync(fetcher, Bitcoin, Bars(25), new InMemoryHistoryStore());

        Assert.Equal((10, 25L), (fetcher.BarsPerRequest, result.BarsWritten));
        Assert.Equal([(Start, 10), (Start + 600, 10), (Start + 1200, 10)], exchange.Requests.Select(request => (request.Start!.Value, request.Limit)).Order());
    }

    [Theory]
    [InlineData("5m")]
    [InlineData("1h")]
    [InlineData("3d")]
    [InlineData("1w")]
    public async Task Longer_bars_open_on_their_grid(string text)
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("ETHUSDT")] });
        var interval = BarInterval.Parse(text);
        TimeRange asked = new TimeRange(Start, Start + (20 * interval.Seconds)).AlignTo(interval)!.Value;

        RawBars raw = await Fetcher(exchange).FetchAsync(new("ETHUSDT", interval), asked, CancellationToken.None);

        ValidatedBars bars = raw.Validate(interval, asked, long.MaxValue);
        Assert.Equal((asked.CountBars(interval), 0L), (bars.Frame.Count, bars.Rejected.Total));
    }

    [Fact]
    public async Task A_range_without_a_bar_is_answered_without_a_request()
    {
        await using var exchange = SimulatedExchange.Start();

        RawBars bars = await Fetcher(exchange).FetchAsync(Bitcoin, new TimeRange(Start + 1, Start + 59), CancellationToken.None);

        Assert.Equal((0, 0), (bars.RowCount, exchange.RequestCount));
    }

    [Fact]
    public async Task A_market_that_was_not_listed_yet_has_no_rows()
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT") { From = Start + 86_400 }] });

        Assert.Equal(0, (await Fetcher(exchange).FetchAsync(Bitcoin, Bars(1200), CancellationToken.None)).RowCount);
        Assert.Equal(1, exchange.RequestCount);
    }

    [Fact]
    public async Task Compressed_answers_are_understood()
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")], Compress = true });

        Assert.Equal(1000, (await Fetcher(exchange).FetchAsync(Bitcoin, Bars(1000), CancellationToken.None)).RowCount);
    }

    [Theory]
    [InlineData("btcusdt", "Did you mean BTCUSDT?")]
    [InlineData("BTC/USDT", "for example BTCUSDT")]
    [InlineData("BTCUSDT&limit=1", "Did you mean BTCUSDT&LIMIT=1?")]
    [InlineData("BTCUSDT\n", "for example BTCUSDT")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTU", "-1121 Invalid symbol")]
    [InlineData("no such node", "-1100 Illegal characters found in parameter 'symbol'")]
    public async Task Whether_there_is_a_symbol_only_the_exchange_decides(string nodeId, string said)
    {
        await using var exchange = SimulatedExchange.Start();

        var error = await Assert.ThrowsAsync<SourceException>(() => Fetcher(exchange).FetchAsync(new(nodeId, Minute), Bars(1), CancellationToken.None));

        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Equal((false, 400), (error.IsTransient, error.StatusCode));
        Assert.Equal(nodeId, Assert.Single(exchange.Requests).Symbol);
    }

    [Theory]
    [InlineData("币安人生USDT")]
    [InlineData("ÉCLAIR-1_2.USDT")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZUSDT")]
    public async Task A_symbol_need_not_be_ASCII(string symbol)
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket(symbol)] });

        RawBars bars = await Fetcher(exchange).FetchAsync(new(symbol, Minute), Bars(7), CancellationToken.None);

        Assert.Equal((7L, symbol), (bars.RowCount, Assert.Single(exchange.Requests).Symbol));
    }

    [Fact]
    public async Task An_interval_that_Binance_does_not_have_is_refused_with_those_it_has()
    {
        var error = await Assert.ThrowsAsync<SourceException>(() => ExchangeCatalog.Get("binance").CreateFetcher().FetchAsync(new("BTCUSDT", BarInterval.Parse("7m")), Bars(7), CancellationToken.None));

        Assert.Contains("no 7m bars", error.Message, StringComparison.Ordinal);
        Assert.Contains("1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w", error.Message, StringComparison.Ordinal);
        Assert.Equal((false, true), (error.IsTransient, error.IsUnsent));
    }

    [Theory]
    [InlineData("https://api.binance.com", "binance")]
    [InlineData("https://API4.Binance.com/", "binance")]
    [InlineData("https://data-api.binance.vision", "binance")]
    [InlineData("https://api.binance.us", "binance.us")]
    [InlineData("https://testnet.binance.vision", "binance:testnet.binance.vision:443")]
    [InlineData("https://notbinance.com", "binance:notbinance.com:443")]
    [InlineData("http://127.0.0.1:8080/proxy", "binance:127.0.0.1:8080")]
    public void The_name_follows_from_the_host(string baseUri, string name)
    {
        Assert.Equal(name, ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = new Uri(baseUri) }).Name);
        Assert.Equal("mine", ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = new Uri(baseUri), Name = "mine" }).Name);
    }

    [Fact]
    public async Task A_password_in_the_address_is_in_no_message()
    {
        var fetcher = ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = new Uri("http://user:secret@127.0.0.1:1/") });

        var error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FetchAsync(Bitcoin, Bars(1), CancellationToken.None));

        Assert.DoesNotContain("secret", fetcher.Name + fetcher + fetcher.BaseUri + error, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Contains("1000", Assert.Throws<ArgumentOutOfRangeException>(() => ExchangeCatalog.Get("binance").CreateFetcher(new() { BarsPerRequest = 1001 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ExchangeCatalog.Get("binance").CreateFetcher(new() { BarsPerRequest = 0 }));
        Assert.Throws<ArgumentException>(() => ExchangeCatalog.Get("binance").CreateFetcher(new() { RequestTimeout = TimeSpan.Zero }));
        Assert.Throws<ArgumentException>(() => ExchangeCatalog.Get("binance").CreateFetcher(new() { Name = " " }));
        Assert.Contains("http", Assert.Throws<ArgumentException>(() => ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = new Uri("ftp://example.com") })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = new Uri("/relative", UriKind.Relative) }));
    }

    [SharedDataFact]
    public async Task Real_candles_come_over_the_wire_as_they_stand_in_the_file()
    {
        var market = RecordedMarket.FromCsv(SharedData.PathOf("XRPETH-1m.csv"), "XRPETH", Minute);
        await using var exchange = SimulatedExchange.Start(new() { Markets = [market] });
        var range = new TimeRange(1570752000, 1570965540);

        var stream = new StreamKey("XRPETH", Minute);
        var store = new InMemoryHistoryStore();
        BackfillResult result = await FillAsync(Fetcher(exchange), stream, range, store);

        string[] lines = File.ReadAllLines(SharedData.PathOf("XRPETH-1m.csv"));
        double[] closes = [.. lines.Skip(1).Select(line => double.Parse(line.Split(',')[4], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(closes, store.Stored(stream).Select(open => (double)store.Row(stream, open)["close"]!));
        Assert.Equal((2469L, 1091L), (result.BarsWritten, result.BarsEmpty));
    }

    private static async Task<BackfillResult> FillAsync(HttpFetcher fetcher, StreamKey stream, TimeRange range, InMemoryHistoryStore store) =>
        Assert.Single(await new BackfillEngine().RunAsync([new BackfillRequest(store, fetcher, stream, [range])]).ToListAsync());

    private static HttpFetcher Fetcher(SimulatedExchange exchange) => ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri });

    private static TimeRange Bars(long count) => new(Start, Start + ((count - 1) * 60));
}
