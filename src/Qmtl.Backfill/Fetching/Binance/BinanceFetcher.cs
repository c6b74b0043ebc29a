using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Binance;

/// <summary>Candles of the Binance spot market over its REST API. The node id is the symbol.</summary>
public sealed class BinanceFetcher : IDataFetcher
{
    /// <summary>A fetcher.</summary>
    public BinanceFetcher(BinanceFetcherOptions? options = null, TimeProvider? timeProvider = null) => _ = (options, timeProvider);

    /// <inheritdoc/>
    public string Name => "binance";

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
