using Qmtl.Cluster.Wire;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;

namespace Qmtl.Cluster.Silo;

/// <summary>A source of a member's own configuration.</summary>
/// <param name="Fetcher">The source.</param>
public sealed record MemberSource(IDataFetcher Fetcher)
{
    /// <summary>
    /// The limit that it counts by key; null, the default, where it counts by address, so that each member keeps to it by itself.
    /// </summary>
    public KeyLimit? KeyLimit { get; init; }
}

/// <summary>
/// What a member can open by name: the stores and sources of its own configuration, which knows their secrets. An exchange of the library
/// needs none, so it need not be named.
/// </summary>
/// <param name="stores">The stores.</param>
/// <param name="sources">The sources.</param>
public sealed class MemberParts(IReadOnlyList<IHistoryStore> stores, IReadOnlyList<MemberSource> sources)
{
    private readonly Dictionary<string, IDataFetcher> _ofLibrary = [];

    /// <summary>The store and the source of an order.</summary>
    /// <exception cref="ClusterException">This member has none of that name; the message says which it has.</exception>
    internal (IHistoryStore Store, IDataFetcher Source) Find(StreamOrder order, IGrainFactory grains) =>
        (FindStore(order.Store), FindSource(order, grains));

    /// <summary>The store of that <see cref="StoreInfo.Identity"/>.</summary>
    /// <exception cref="ClusterException">This member has none of that name; the message says which it has.</exception>
    internal IHistoryStore FindStore(string identity) => stores.FirstOrDefault(store => store.Info.Identity == identity)
        ?? throw new ClusterException(
            $"The member {Environment.MachineName} has no store {identity}. It has "
                + $"{Listed(stores.Select(static some => some.Info.Identity))}. "
                + "Start it with that one, by the same name, or name one of those.");

    private IDataFetcher FindSource(StreamOrder order, IGrainFactory grains)
    {
        MemberSource? own = sources.FirstOrDefault(source => source.Fetcher.Name == order.Source);
        IDataFetcher source = own?.Fetcher ?? OfLibrary(order.Source)
            ?? throw new ClusterException(
                $"The member {Environment.MachineName} has no source {order.Source}. It has "
                    + $"{Listed(sources.Select(static some => some.Fetcher.Name))}, and the exchanges of the library. Start it with "
                    + "that one.");
        StreamKey stream = order.Stream;
        if (source.GetName(stream) != order.SourceOfStream
            && order.SourceOfStream.StartsWith($"{order.Source}/", StringComparison.Ordinal))
        {
            source = source.ForSymbol(order.SourceOfStream[(order.Source.Length + 1)..]);
        }

        if (source.GetName(stream) != order.SourceOfStream)
        {
            throw new ClusterException(
                $"The source {order.Source} of the member {Environment.MachineName} asks for {stream} as {source.GetName(stream)}, and "
                    + $"what is asked for is {order.SourceOfStream}. Give both the same symbol.");
        }

        return own?.KeyLimit is { } limit ? KeyPacedFetcher.Of(source, limit, grains) : source;
    }

    // One of each, so that all requests for its host are paced together.
    private IDataFetcher? OfLibrary(string name)
    {
        lock (_ofLibrary)
        {
            if (!_ofLibrary.TryGetValue(name, out IDataFetcher? fetcher) && ExchangeCatalog.Names.Contains(name))
            {
                fetcher = ExchangeCatalog.Get(name).CreateFetcher(new());
                _ofLibrary.Add(name, fetcher);
            }

            return fetcher;
        }
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } list ? list : "none";
}
