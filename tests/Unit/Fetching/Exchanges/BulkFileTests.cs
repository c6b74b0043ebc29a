using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

public sealed class BulkFileTests : IAsyncDisposable
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly StreamKey Bitcoin = new("BTCUSDT", Minute);
    private static readonly long December = Seconds("2024-12-01");
    private static readonly long January = Seconds("2025-01-01");
    private static readonly long February = Seconds("2025-02-01");

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(Seconds("2025-02-10")));
    private readonly GeneratedMarket _market = new("BTCUSDT", 60_000m);
    private readonly SimulatedExchange _exchange;
    private readonly FileServer _files = new();
    private readonly InMemoryHistoryStore _store = new();
    private readonly SharedList<string> _warnings = new();

    public BulkFileTests() => _exchange = SimulatedExchange.Start(new() { Markets = [_market], TimeProvider = _clock, WeightPerMinute = null });

    public async ValueTask DisposeAsync()
    {
        _files.Dispose();
        await _exchange.DisposeAsync();
    }

    [Fact]
    public async Task Whole_months_come_from_files_and_the_rest_page_by_page()
    {
        Publish(December, January, perSecond: 1_000);
        Publish(January, February, perSecond: 1_000_000);
        var asked = new TimeRange(December, February + 7200);

        BackfillResult result = await FillAsync(Fetcher(), asked);

        Assert.Equal((BackfillStatus.Completed, asked.CountBars(Minute)), (result.Status, result.BarsWritten));
        RequireTheMarket(asked);
        Assert.Equal(1, _exchange.RequestCount);
        Assert.Equal((4, 5), (_files.Requests.Count, result.Requests));
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("404", "has no file data/spot/monthly")]
    [InlineData("checksum", "its SHA-256 is")]
    [InlineData("no checksum", "has no file data/spot/monthly")]
    [InlineData("no zip", "cannot be used")]
    [InlineData("half a zip", "cannot be used")]
    [InlineData("two files", "2 files in place of one")]
    [InlineData("disorder", "is not in order")]
    [InlineData("twice", "is there twice")]
    [InlineData("header", "is no row of numbers")]
    [InlineData("text", "has no number in close")]
    [InlineData("other month", "is no bar of the file's span")]
    [InlineData("other interval", "evidently 5m bars")]
    [InlineData("endless line", "is longer than")]
    public async Task A_file_that_is_not_right_is_left_aside_with_a_warning(string fault, string expected)
    {
        Publish(December, January, perSecond: 1_000, fault);
        var asked = new TimeRange(December, January - 60);

        BackfillResult result = await FillAsync(Fetcher(), asked);

        Assert.Equal((BackfillStatus.Completed, asked.CountBars(Minute)), (result.Status, result.BarsWritten));
        RequireTheMarket(asked);
        Assert.Equal(45, _exchange.RequestCount);
        string warning = Assert.Single(_warnings);
        Assert.Contains(expected, warning, StringComparison.Ordinal);
        Assert.Contains("2024-12-01T00:00:00Z to 2024-12-31T23:59:00Z is not used", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_file_lacks_is_asked_of_the_exchange_and_not_learnt_of_the_file()
    {
        Publish(December, January, perSecond: 1_000, "hole");
        var asked = new TimeRange(December, January - 60);

        await FillAsync(Fetcher(), asked);

        RequireTheMarket(asked);
        Assert.Equal(1, _exchange.RequestCount);
    }

    [Fact]
    public async Task A_few_missing_bars_are_not_worth_a_file()
    {
        Publish(December, January, perSecond: 1_000);

        await FillAsync(Fetcher(), new TimeRange(December, December + (5000 * 60) - 60));

        Assert.Equal((5, 0), ((int)_exchange.RequestCount, _files.Requests.Count));
    }

    [Fact]
    public async Task Days_are_taken_where_the_month_is_not_published_and_they_are_worth_it()
    {
        var second = BarInterval.Parse("1s");
        var stream = new StreamKey("BTCUSDT", second);
        long day = Seconds("2025-02-03");
        Publish(day, day + 86_400, perSecond: 1_000_000, fault: null, second);

        BackfillResult result = await FillAsync(Fetcher(), new TimeRange(day, day + 86_399), stream);

        Assert.Equal((86_400L, 2, 0L), (result.BarsWritten, _files.Requests.Count, _exchange.RequestCount));
    }

    [Fact]
    public async Task Files_are_left_alone_where_they_are_not_wanted_or_another_address_is_asked()
    {
        Publish(December, January, perSecond: 1_000);
        var asked = new TimeRange(December, January - 60);

        await FillAsync(Fetcher(new() { UseBulkFiles = false }), asked);
        var elsewhere = Fetcher(new() { BaseUri = new Uri($"http://localhost:{_exchange.BaseUri.Port}/") });
        Assert.Empty(elsewhere.GetFiles(Bitcoin, asked));

        Assert.Equal((45, 0), ((int)_exchange.RequestCount, _files.Requests.Count));
    }

    [Fact]
    public async Task A_file_server_that_is_away_does_not_keep_an_operator_waiting()
    {
        _files.Stop();
        var asked = new TimeRange(Seconds("2024-09-01"), January - 60);

        await FillAsync(Fetcher(), asked);

        RequireTheMarket(asked);
        Assert.InRange(_warnings.Count, 1, 4);
    }

    [Fact]
    public async Task Nothing_is_asked_again()
    {
        Publish(December, January, perSecond: 1_000);
        var asked = new TimeRange(December, January - 60);
        await FillAsync(Fetcher(), asked);

        BackfillResult second = await FillAsync(Fetcher(), asked);

        Assert.Equal((0, 2, 0L), (second.Requests, _files.Requests.Count, _exchange.RequestCount));
    }

    private static long Seconds(string date) => DateTimeOffset.Parse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeSeconds();

    private HttpFetcher Fetcher(HttpFetcherOptions? options = null)
    {
        using Stream shipped = typeof(ExchangeCatalog).Assembly.GetManifestResourceStream("Qmtl.Exchanges.binance.json")!;
        string text = new StreamReader(shipped).ReadToEnd()
            .Replace("https://api.binance.com", _exchange.BaseUri.ToString(), StringComparison.Ordinal)
            .Replace("https://data.binance.vision", _files.BaseUri, StringComparison.Ordinal);
        return ExchangeProfileReader.Read(Encoding.UTF8.GetBytes(text), "binance.json").CreateFetcher(options, _clock);
    }

    private async Task<BackfillResult> FillAsync(HttpFetcher fetcher, TimeRange range, StreamKey? stream = null)
    {
        var engine = new BackfillEngine(timeProvider: _clock, onEvent: progress =>
        {
            if (progress is BackfillSourceNote { Note: { Kind: SourceNoteKind.BulkFile } note })
            {
                _warnings.Add(note.Text);
            }
        });
        return Assert.Single(await engine.RunAsync([new BackfillRequest(_store, fetcher, stream ?? Bitcoin, [range])]).ToListAsync());
    }

    private void RequireTheMarket(TimeRange range)
    {
        SimulatedCandle[] candles = [.. ((ISimulatedMarket)_market).ReadAll(Minute, range)];
        Assert.Equal(candles.Select(candle => candle.Timestamp), _store.Stored(Bitcoin));
        Assert.All([candles[0], candles[candles.Length / 2], candles[^1]], candle =>
        {
            IReadOnlyDictionary<string, object?> row = _store.Row(Bitcoin, candle.Timestamp);
            Assert.Equal(
                (SimulatedCandle.ToDouble(candle.Close), SimulatedCandle.ToDouble(candle.TakerQuoteVolume), candle.Trades),
                ((double)row["close"]!, (double)row["taker_buy_quote_volume"]!, (long)row["trades"]!));
        });
    }

    private void Publish(long from, long to, long perSecond, string? fault = null, BarInterval? interval = null)
    {
        BarInterval bars = interval ?? Minute;
        List<string> lines = [.. ((ISimulatedMarket)_market).ReadAll(bars, new TimeRange(from, to - bars.Seconds)).Select(candle => BinanceFiles.Line(candle, bars, perSecond))];
        switch (fault)
        {
            case "disorder":
                (lines[100], lines[101]) = (lines[101], lines[100]);
                break;
            case "twice":
                lines.Insert(100, lines[100]);
                break;
            case "header":
                lines.Insert(0, "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore");
                break;
            case "text":
                lines[7] = string.Join(',', lines[7].Split(',').Select((field, i) => i == 4 ? "abc" : field));
                break;
            case "other month":
                lines[^1] = lines[^1].Replace(lines[^1].Split(',')[0], (to * perSecond).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
                break;
            case "other interval":
                lines = [.. lines.Where((_, i) => i % 5 == 0)];
                break;
            case "endless line":
                lines[3] = new string('1', 200_000);
                break;
            case "hole":
                lines.RemoveRange(1000, 300);
                break;
        }

        byte[] zip = BinanceFiles.Zip(string.Join('\n', lines) + '\n', fault == "two files" ? 2 : 1);
        zip = fault switch { "no zip" => "<html>"u8.ToArray(), "half a zip" => zip[..(zip.Length / 2)], _ => zip };
        bool isMonth = to - from > 86_400;
        string day = DateTimeOffset.FromUnixTimeSeconds(from).ToString(isMonth ? "yyyy-MM" : "yyyy-MM-dd", CultureInfo.InvariantCulture);
        string path = $"/data/spot/{(isMonth ? "monthly" : "daily")}/klines/BTCUSDT/{bars}/BTCUSDT-{bars}-{day}.zip";
        string sum = fault == "checksum" ? new string('0', 64) : Convert.ToHexStringLower(SHA256.HashData(zip));
        if (fault != "404")
        {
            _files.Files[path] = zip;
        }

        if (fault != "no checksum")
        {
            _files.Files[path + ".CHECKSUM"] = Encoding.UTF8.GetBytes($"{sum}  {Path.GetFileName(path)}\n");
        }
    }

}
