using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Backfill;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>
/// Bars of an exchange over loopback HTTP, in Binance's format, into SQLite. The exchange runs in this process, on both sides.
/// </summary>
internal sealed class Exchanges : IComparisonSet
{
    private const int Bars = 1_000_000;
    private const int Page = 1000;

    /// <summary>Names the folder whose node_modules has ccxt; npm serves it.</summary>
    private const string CcxtVariable = "QMTL_BENCH_CCXT";

    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly StreamKey Stream = new("BTCUSDT", Minute);
    private static readonly long Start = new DateTimeOffset(2022, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
    private static readonly TimeRange Asked = new(Start, Start + ((Bars - 1) * 60L));
    private static readonly TimeRange Year = new(Start, Start + (365 * 86_400L) - 60);

    private readonly TemporaryFolder _folder = new();
    private readonly FileServer _files = new();
    private readonly GeneratedMarket _market = new("BTCUSDT", 40_000m);
    private readonly SimulatedExchange _exchange;
    private readonly SimulatedExchange _farExchange;
    private byte[] _page = [];
    private int _store;

    public Exchanges()
    {
        var options = new SimulatedExchangeOptions { Markets = [_market], WeightPerMinute = null, RequestLogCapacity = 0 };
        _exchange = SimulatedExchange.Start(options);
        _farExchange = SimulatedExchange.Start(options with { Latency = TimeSpan.FromMilliseconds(100) });
    }

    public string Name => "exchanges";

    public async Task<string?> PrepareAsync()
    {
        for (long month = Start; month < Year.End; month = BarInterval.FromMonths(1).Next(month))
        {
            Publish(month, BarInterval.FromMonths(1).Next(month));
        }

        using var client = new HttpClient();
        _page = await client.GetByteArrayAsync(PageOf(0));
        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        if (Environment.GetEnvironmentVariable(CcxtVariable) is { } folder && Tool.Exists("node"))
        {
            yield return new Comparison(
                "1 M bars over HTTP into SQLite", "the same pages fetched and parsed by ccxt under Node.js, nothing stored", Goal.SpeedAtLeast(2.5),
                () => FillAsync(Asked, useFiles: false), () => CcxtAsync(folder));
        }
        else
        {
            Console.WriteLine($"| 1 M bars over HTTP against ccxt | | | | | | skipped: {CcxtVariable} names no folder with ccxt, or there is no node |");
        }

        yield return new Comparison(
            "1 M bars over HTTP into SQLite", "the same bytes read by a bare HttpClient that discards them", Goal.SpeedAtLeast(0.6),
            () => FillAsync(Asked, useFiles: false), DiscardAsync);
        yield return new Comparison(
            "a year of minutes from monthly files into SQLite, no latency", "the same year page by page", Goal.None,
            () => FillAsync(Year, useFiles: true), () => FillAsync(Year, useFiles: false));
        yield return new Comparison(
            "a year of minutes from monthly files into SQLite, 100 ms an answer", "the same year page by page, 100 ms an answer", Goal.SpeedAtLeast(8),
            () => FillAsync(Year, useFiles: true, _farExchange), () => FillAsync(Year, useFiles: false, _farExchange));
        yield return new Comparison(
            "a profile's reading of 1 M rows", "a reader that was written by hand", Goal.SpeedAtLeast(0.8), ReadByProfile, ReadByHand);
    }

    public async ValueTask DisposeAsync()
    {
        await _exchange.DisposeAsync();
        await _farExchange.DisposeAsync();
        _files.Dispose();
        _folder.Dispose();
    }

    private async Task<TimeSpan> FillAsync(TimeRange range, bool useFiles, SimulatedExchange? far = null)
    {
        SimulatedExchange exchange = far ?? _exchange;
        _files.Latency = far is null ? TimeSpan.Zero : TimeSpan.FromMilliseconds(100);
        using Stream shipped = typeof(ExchangeCatalog).Assembly.GetManifestResourceStream("Qmtl.Exchanges.binance.json")!;
        string text = new StreamReader(shipped).ReadToEnd()
            .Replace("https://api.binance.com", exchange.BaseUri.ToString(), StringComparison.Ordinal)
            .Replace("https://data.binance.vision", _files.BaseUri, StringComparison.Ordinal);
        HttpFetcher fetcher = ExchangeProfileReader.Read(Encoding.UTF8.GetBytes(text), "binance.json")
            .CreateFetcher(new() { UseBulkFiles = useFiles, Limits = [] });
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File($"{_store++}.db"));
        long started = Stopwatch.GetTimestamp();
        BackfillResult result = await new BackfillEngine().RunAsync([new BackfillRequest(store, fetcher, Stream, [range])]).SingleAsync();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return result.BarsWritten == range.CountBars(Minute)
            ? elapsed
            : throw new InvalidOperationException($"{result.BarsWritten} bars were written: {result.Error?.Message}");
    }

    private string PageOf(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"{_exchange.BaseUri}api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={(Start + (number * Page * 60L)) * 1000}&endTime={((Start + ((number + 1) * Page * 60L)) * 1000) - 1}&limit={Page}");

    // As many at once as the engine asks for.
    private async Task<TimeSpan> DiscardAsync()
    {
        using var client = new HttpClient();
        long started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Bars / Page),
            new ParallelOptions { MaxDegreeOfParallelism = new BackfillOptions().ThrottleLimit },
            async (number, token) => await (await client.GetStreamAsync(PageOf(number), token)).CopyToAsync(System.IO.Stream.Null, token));
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task<TimeSpan> CcxtAsync(string folder) => await Tool.RunAsync(
        "node",
        ["--input-type=module", "-"],
        string.Create(CultureInfo.InvariantCulture, $$"""
            import { createRequire } from 'node:module';
            const ccxt = createRequire('{{folder}}/')('ccxt');
            const exchange = new ccxt.binance({ enableRateLimit: false });
            exchange.urls.api.public = '{{_exchange.BaseUri}}api/v3';
            exchange.setMarkets([{ id: 'BTCUSDT', symbol: 'BTC/USDT', base: 'BTC', quote: 'USDT', spot: true, type: 'spot', active: true }]);
            let next = 0, rows = 0;
            async function work() {
                for (let page = next++; page < {{Bars / Page}}; page = next++) {
                    const from = {{Start}}000 + page * {{Page}} * 60000;
                    const candles = await exchange.fetchOHLCV('BTC/USDT', '1m', from, {{Page}}, { until: from + {{Page}} * 60000 - 1 });
                    rows += candles.length;
                }
            }
            await Promise.all(Array.from({ length: {{new BackfillOptions().ThrottleLimit}} }, work));
            if (rows !== {{Bars}}) { throw new Error(`${rows} rows`); }
            """));

    private Task<TimeSpan> ReadByProfile()
    {
        CandleFormat format = ExchangeCatalog.Get("binance").Format;
        var reader = new CandleReader(format);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Bars / Page; i++)
        {
            var columns = new CandleColumns(format.Columns, Page);
            reader.Read(_page, "BTCUSDT", Minute, columns);
            columns.Build(1, provesByRowsOnly: false);
        }

        return Task.FromResult(Stopwatch.GetElapsedTime(started));
    }

    private Task<TimeSpan> ReadByHand()
    {
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Bars / Page; i++)
        {
            var columns = new KlineColumns(Page);
            KlineReader.Read(_page, columns);
            columns.Build();
        }

        return Task.FromResult(Stopwatch.GetElapsedTime(started));
    }

    private void Publish(long from, long to)
    {
        IEnumerable<string> lines = ((ISimulatedMarket)_market).ReadAll(Minute, new TimeRange(from, to - 60))
            .Select(candle => BinanceFiles.Line(candle, Minute, perSecond: 1000));
        byte[] zip = BinanceFiles.Zip(string.Join('\n', lines), entries: 1);
        string month = DateTimeOffset.FromUnixTimeSeconds(from).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        string path = $"/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-{month}.zip";
        _files.Files[path] = zip;
        _files.Files[path + ".CHECKSUM"] = Encoding.UTF8.GetBytes($"{Convert.ToHexStringLower(SHA256.HashData(zip))}  {Path.GetFileName(path)}");
    }
}
