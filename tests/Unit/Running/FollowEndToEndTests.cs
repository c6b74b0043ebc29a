using Qmtl.Backfill;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;
using Qmtl.Running;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.Running;

/// <summary>A run against an exchange whose time goes on: over HTTP, into a real store, through bad weather.</summary>
public sealed class FollowEndToEndTests : IDisposable
{
    // 2024-05-01T10:00:00Z.
    private const long Begin = 1_714_557_600;

    private readonly TemporaryFolder _folder = new();
    private readonly AcceleratedClock _clock = new(UnixTime.FromSeconds(Begin + 20), 600);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(BarOrder.Open)]
    [InlineData(BarOrder.Close)]
    public async Task A_followed_market_equals_its_replay(BarOrder order)
    {
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
        {
            Markets =
            [
                new GeneratedMarket("BTCUSDT") { QuietShare = 0.1 },
                new GeneratedMarket("ETHUSDT", seed: 1) { QuietShare = 0.3 },
            ],
            TimeProvider = _clock,
            WeightPerMinute = null,
        });
        await using var provider = new StoreHistoryProvider(
            HistoryStoreFactory.Open(_folder.File("bars.db")),
            ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri, RequestTimeout = TimeSpan.FromDays(1) }),
            new BackfillOptions { MaxRetries = 1 },
            _clock);
        StreamInput[] streams = [Stream("BTCUSDT", "1m"), Stream("ETHUSDT", "1m"), Stream("BTCUSDT", "5m")];
        Node sum = Graphs.Sum("sum", streams);
        var strategy = new NodeStrategy("live", sum, Graphs.Sum("btc", 3, streams[0]), Graphs.Sum("after", 2, sum));
        var options = new RunnerOptions { Pipeline = new PipelineOptions { Order = order } };
        var live = new List<string>();
        Task<StrategyRun> running = new Runner(options, _clock).FollowAsync(
            strategy,
            result =>
            {
                live.Add(Graphs.Line(result));
                if (live.Count is 60 or 90)
                {
                    exchange.Faults.Enqueue(SimulatedFault.Status(503), 7);
                    exchange.Faults.Enqueue(SimulatedFault.HalfBody);
                    exchange.Faults.Enqueue(SimulatedFault.ConnectionReset, 2);
                }
            },
            new FollowOptions
            {
                Start = UnixTime.FromSeconds(Begin - 600),
                End = UnixTime.FromSeconds(Begin + 2400),
                Patience = TimeSpan.FromDays(1),
            });
        await using StrategyRun run = await running.WaitAsync(TimeSpan.FromMinutes(2));
        List<string> replayed = [];
        await new Pipeline(strategy, options.Pipeline).ReplayAsync(
            new TimeRange(Begin - 600, Begin + 2400), result => replayed.Add(Graphs.Line(result)));
        Assert.True(live.Count > 100);
        Assert.Equal(replayed, live);
        Assert.Equal(0, run.Pipeline.LateBars);

        StreamInput Stream(string id, string interval) => new(
            new StreamInputOptions { NodeId = id, Interval = BarInterval.Parse(interval), Period = 10, HistoryProvider = provider }, _clock);
    }
}
