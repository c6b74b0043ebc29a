using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>Candles of real markets, holes and all, through the real HTTP client into real databases.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class RealCandlesTests(PostgreSqlServer server) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [SharedDataFact]
    public Task Xrpeth_minutes_into_sqlite() => FillTwiceAsync(_folder.File("bars.db"), "XRPETH", "1m", stored: 2469, empty: 1091, requests: 6);

    [SharedDataFact]
    public Task Adabtc_five_minutes_into_sqlite() => FillTwiceAsync(_folder.File("bars.db"), "ADABTC", "5m", stored: 5720, empty: 40, requests: 6);

    [SharedDataFact]
    public Task Altbtc_half_hours_into_sqlite() => FillTwiceAsync(_folder.File("bars.db"), "ALTBTC", "30m", stored: 1920, empty: 0, requests: 2);

    [SharedDataAndPostgreSqlFact]
    public async Task Xrpeth_minutes_into_postgresql() =>
        await FillTwiceAsync(server.UriOf(await server.CreateDatabaseAsync()), "XRPETH", "1m", stored: 2469, empty: 1091, requests: 6);

    public void Dispose() => _folder.Dispose();

    private static async Task FillTwiceAsync(string storeName, string symbol, string interval, long stored, long empty, int requests)
    {
        var stream = new StreamKey(symbol, BarInterval.Parse(interval));
        RecordedMarket market = RecordedMarket.FromCsv(SharedData.PathOf($"{symbol}-{interval}.csv"), symbol, stream.Interval);
        var range = new TimeRange(market.Candles[0].Timestamp, market.Candles[^1].Timestamp);
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = [market] });
        var fetcher = ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri });

        BackfillResult first = await FillAsync();
        BackfillResult second = await FillAsync();

        Assert.Equal(
            (BackfillStatus.Completed, stored, empty, 0L, requests),
            (first.Status, first.BarsWritten, first.BarsEmpty, first.BarsRejected, first.Requests));
        Assert.Equal((BackfillStatus.Completed, 0L, 0L, 0), (second.Status, second.BarsWritten, second.BarsEmpty, second.Requests));
        Assert.Equal(requests, exchange.RequestCount);
        await StoredHistory.AssertCompleteAsync(storeName, stream, market, range);

        async Task<BackfillResult> FillAsync()
        {
            await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
            return await new BackfillEngine().RunAsync([new BackfillRequest(store, fetcher, stream, [range])]).SingleAsync();
        }
    }
}
