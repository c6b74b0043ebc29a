using Qmtl.History;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.EndToEnd;

namespace Qmtl.Unit.Cluster;

/// <summary>
/// An exchange for each member of a cluster, all alike, so that it is known which member asked for what; and for each member that is lost what
/// was committed then.
/// </summary>
internal sealed class MembersExchanges : IAsyncDisposable
{
    private readonly SimulatedExchange[] _exchanges;
    private readonly IReadOnlyDictionary<string, ISimulatedMarket> _markets;
    private readonly string _store;
    private readonly TimeRange _range;
    private readonly Dictionary<int, Loss> _losses = [];

    private MembersExchanges(SimulatedExchange[] exchanges, IReadOnlyList<ISimulatedMarket> markets, string store, TimeRange range) =>
        (_exchanges, _markets, _store, _range) = (exchanges, markets.ToDictionary(static market => market.Symbol), store, range);

    /// <summary>How many requests all members made.</summary>
    public long RequestCount => _exchanges.Sum(static exchange => exchange.RequestCount);

    /// <summary>Starts them.</summary>
    /// <param name="members">How many.</param>
    /// <param name="markets">What is backfilled, and asked for once.</param>
    /// <param name="kept">What is traded besides, and kept.</param>
    /// <param name="store">Where it is stored.</param>
    /// <param name="range">Which bars are backfilled.</param>
    /// <param name="latency">How long an answer takes.</param>
    public static MembersExchanges Start(
        int members,
        IReadOnlyList<ISimulatedMarket> markets,
        IReadOnlyList<ISimulatedMarket> kept,
        string store,
        TimeRange range,
        TimeSpan latency) => new(
        [
            .. Enumerable.Range(0, members).Select(_ => SimulatedExchange.Start(new SimulatedExchangeOptions
            {
                Markets = [.. markets, .. kept],
                WeightPerMinute = null,
                Latency = latency,
                RequestLogCapacity = int.MaxValue,
            })),
        ],
        markets,
        store,
        range);

    /// <summary>Where clients would find the exchange, which they never ask.</summary>
    public string Uri => _exchanges[0].BaseUri.ToString();

    /// <summary>
    /// The declaration of a member, which gives its own exchange the name that clients know, and keeps streams of which each has one hour.
    /// </summary>
    public string DeclarationOf(int member, string server, IEnumerable<string> kept) => $$"""
        {
          "schema": 1,
          "stores": { "main": { "server": "{{server}}" } },
          "sources": { "market": { "kind": "binance", "baseUri": "{{_exchanges[member].BaseUri}}", "name": "{{NameForClients}}" } },
          "streams": [{ "nodes": [{{string.Join(", ", kept.Select(static node => $"\"{node}\""))}}], "intervals": "1m", "source": "market", "start": "-1h" }]
        }
        """;

    /// <summary>Notes what is committed of all that a member asked for, at once after it was lost.</summary>
    public async Task LoseAsync(int member)
    {
        DateTimeOffset time = DateTimeOffset.UtcNow;
        await using IHistoryStore store = HistoryStoreFactory.Open(_store);
        Dictionary<string, TimeRangeSet> committed = [];
        foreach (string symbol in _exchanges[member].Requests.Select(static request => request.Symbol).Distinct().Where(_markets.ContainsKey))
        {
            committed[symbol] = await StoredHistory.CommittedAsync(store, ClusterFixture.StreamOf(_markets[symbol]), _range);
        }

        _losses[member] = new Loss(time, committed);
    }

    /// <summary>
    /// Every bar was asked for once, but for those that a lost member had asked for and not committed, which no other can know of. Says how
    /// many requests were repeated so.
    /// </summary>
    public int AssertAskedOnce()
    {
        List<string> wrong = [];
        HashSet<(int, SimulatedRequest)> repeated = [];
        var asked = _exchanges.SelectMany((exchange, member) => exchange.Requests.Select(request => (member, request)));
        foreach (var ofSymbol in asked.Where(ask => _markets.ContainsKey(ask.request.Symbol)).GroupBy(static ask => ask.request.Symbol))
        {
            var inTurn = ofSymbol.OrderBy(static ask => ask.request.Time).ToArray();
            for (int later = 1; later < inTurn.Length; later++)
            {
                for (int earlier = 0; earlier < later; earlier++)
                {
                    if (BarsOf(inTurn[earlier].request) is { } first && BarsOf(inTurn[later].request) is { } again && first.Intersect(again) is { } both)
                    {
                        (_, string? fault) = (repeated.Add(inTurn[earlier]), FaultOf(inTurn[earlier], both));
                        wrong.AddRange(fault is null ? [] : [$"{both} of {ofSymbol.Key}, {fault}, asked again by {inTurn[later].member}"]);
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        return repeated.Count;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SimulatedExchange exchange in _exchanges)
        {
            await exchange.DisposeAsync();
        }
    }

    private string NameForClients => $"binance:{_exchanges[0].BaseUri.IdnHost}:{_exchanges[0].BaseUri.Port}";

    private static TimeRange? BarsOf(SimulatedRequest request) => request.Start is { } start
        ? new TimeRange(start, Math.Min(request.End ?? long.MaxValue, start + (60L * (request.Limit - 1))))
        : null;

    // Why a request's bars should not have been asked for again; null where they had to be.
    private string? FaultOf((int Member, SimulatedRequest Request) ask, TimeRange bars) =>
        !_losses.TryGetValue(ask.Member, out Loss? loss) ? $"asked for by {ask.Member}, which lives"
        : ask.Request.Time > loss.Time ? $"asked for by {ask.Member} after it was lost"
        : loss.Committed.GetValueOrDefault(ask.Request.Symbol)?.Intersect(bars).IsEmpty == false ? $"committed by {ask.Member} before it was lost"
        : null;

    private sealed record Loss(DateTimeOffset Time, Dictionary<string, TimeRangeSet> Committed);
}
