using Qmtl.Backfill;
using Qmtl.Caching;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;

namespace Crossover;

/// <summary>Of each symbol two moving averages, and a node that tells where the fast one crosses the slow one.</summary>
/// <param name="data">The folder with the candles.</param>
/// <param name="work">The folder for the stores.</param>
public sealed class CrossoverStrategy(string data, string work) : Strategy, IAsyncDisposable
{
    private const int Fast = 50;
    private const int Slow = 200;

    private readonly List<StoreHistoryProvider> _providers = [];

    /// <summary>The nodes whose results are crossings: <c>up</c> or <c>down</c>.</summary>
    public HashSet<Node> Crossings { get; } = [];

    /// <summary>Closes the stores.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (StoreHistoryProvider provider in _providers)
        {
            await provider.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    protected override void Setup()
    {
        foreach (Market market in Market.All)
        {
            Node crossing = CrossingOf(market);
            Crossings.Add(crossing);
            AddNodes(crossing);
        }
    }

    private ComputeNode CrossingOf(Market market)
    {
        IHistoryStore store = HistoryStoreFactory.Open(Path.Combine(work, $"{market.Symbol}.db"));
        var provider = new StoreHistoryProvider(store, new FileFetcher(Path.Combine(data, market.FileName)));
        _providers.Add(provider);
        var stream = new StreamInput(new StreamInputOptions
        {
            NodeId = market.Symbol,
            Interval = market.Interval,
            Period = Slow,
            HistoryProvider = provider,
        });
        var fast = new ComputeNode($"{market.Symbol} fast", [stream], view => view[stream.Key].Mean("close", Fast), Fast);
        var slow = new ComputeNode($"{market.Symbol} slow", [stream], view => view[stream.Key].Mean("close", Slow), Slow);
        return new ComputeNode(market.Symbol, [fast, slow], view => Compare(view[fast.Key], view[slow.Key]), period: 2);
    }

    private static Payload Compare(SeriesView fast, SeriesView slow)
    {
        ReadOnlySpan<double> quick = fast.Values(Payload.ValueColumn);
        ReadOnlySpan<double> calm = slow.Values(Payload.ValueColumn);
        double before = quick[0] - calm[0];
        double now = quick[1] - calm[1];
        return (before, now) switch
        {
            ( <= 0, > 0) => Payload.From("up"),
            ( >= 0, < 0) => Payload.From("down"),
            _ => Payload.None,
        };
    }
}
