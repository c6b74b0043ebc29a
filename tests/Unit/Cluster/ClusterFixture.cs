using Qmtl.Backfill;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.EndToEnd;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cluster;

/// <summary>Members of one cluster in this process, each with its own store and source, and a client.</summary>
internal sealed class ClusterFixture : IAsyncDisposable
{
    public const long Start = 1_704_067_200;

    private readonly List<IAsyncDisposable> _open = [];

    private ClusterFixture(string database, string store, SimulatedExchange exchange) => (Database, StoreName, Exchange) = (database, store, exchange);

    /// <summary>The members, in the order they came.</summary>
    public List<ClusterMemberHost> Members { get; } = [];

    public string Database { get; }

    public string StoreName { get; }

    public SimulatedExchange Exchange { get; }

    public required ClusterClient Client { get; init; }

    /// <summary>Makes the databases and starts members and client.</summary>
    /// <param name="server">The PostgreSQL server.</param>
    /// <param name="members">How many.</param>
    /// <param name="markets">What is traded.</param>
    /// <param name="latency">How long an answer of the exchange takes.</param>
    /// <param name="keyLimit">The limit that members keep together.</param>
    /// <param name="strategies">The folder whose strategies all but the first member run, two at once each; null where none does.</param>
    public static async Task<ClusterFixture> StartAsync(
        PostgreSqlServer server,
        int members,
        IReadOnlyList<ISimulatedMarket> markets,
        TimeSpan latency = default,
        KeyLimit? keyLimit = null,
        string? strategies = null)
    {
        string database = server.UriOf(await server.CreateDatabaseAsync());
        string store = server.UriOf(await server.CreateDatabaseAsync());
        SimulatedExchange exchange = SimulatedExchange.Start(
            new SimulatedExchangeOptions { Markets = markets, WeightPerMinute = null, Latency = latency, RequestLogCapacity = 100_000 });

        // All at once: who comes first makes the tables.
        List<IHistoryStore> stores = [.. Enumerable.Range(0, members).Select(_ => HistoryStoreFactory.Open(store))];
        ClusterMemberHost[] hosts = await Task.WhenAll(stores.Select((own, number) => ClusterMemberHost.StartAsync(
            new ClusterMemberOptions
            {
                Address = ClusterAddress.Parse(database),
                Name = $"member {number}",
                MemberPort = 0,
                ClientPort = 0,
                StrategyFolders = strategies is null || number == 0 ? [] : [strategies],
                RunsAtOnce = 2,
            },
            new MemberParts([own], [new MemberSource(SourceOf(exchange)) { KeyLimit = keyLimit }]))));
        var fixture = new ClusterFixture(database, store, exchange)
        {
            Client = await ClusterClient.ConnectAsync(ClusterAddress.Parse(database)),
        };
        fixture.Members.AddRange(hosts);
        fixture._open.AddRange([exchange, .. stores, .. hosts, fixture.Client]);
        return fixture;
    }

    public static IDataFetcher SourceOf(SimulatedExchange exchange) =>
        ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri });

    public static StreamKey StreamOf(ISimulatedMarket market) => new(market.Symbol, BarInterval.FromSeconds(60));

    public static TimeRange Minutes(int bars, int skip = 0) => new(Start + (60L * skip), Start + (60L * (skip + bars - 1)));

    /// <summary>A client of members that are processes and may not be there yet.</summary>
    public static async Task<ClusterClient> ConnectAsync(string database)
    {
        ClusterClient? client = null;
        await WaitUntilAsync(async () =>
        {
            try
            {
                client = await ClusterClient.ConnectAsync(ClusterAddress.Parse(database));
                return true;
            }
            catch (ClusterException)
            {
                // The first member is not there yet.
                return false;
            }
        });
        return client!;
    }

    /// <summary>Looks twenty times a second, for three minutes at most.</summary>
    /// <exception cref="OperationCanceledException">It has not become so.</exception>
    public static async Task WaitUntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!await isSo())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>What a client asks for: its own store and source only name what members open.</summary>
    public BackfillRequest Request(ISimulatedMarket market, params TimeRange[] ranges)
    {
        IHistoryStore store = HistoryStoreFactory.Open(StoreName);
        _open.Insert(0, store);
        return new BackfillRequest(store, SourceOf(Exchange), StreamOf(market), ranges);
    }

    /// <summary>Everything is there, value by value, and no page was asked for twice.</summary>
    public async Task AssertCompleteAsync(ISimulatedMarket market, TimeRange range)
    {
        await StoredHistory.AssertCompleteAsync(StoreName, StreamOf(market), market, range);
        Assert.DoesNotContain(
            Exchange.Requests.Where(request => request.Symbol == market.Symbol).GroupBy(request => (request.Start, request.End)),
            same => same.Count() > 1);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable open in Enumerable.Reverse(_open).ToArray())
        {
            _open.Remove(open);
            await open.DisposeAsync();
        }
    }
}
