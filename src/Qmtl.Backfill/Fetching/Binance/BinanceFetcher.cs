using Qmtl.Fetching.Http;

namespace Qmtl.Fetching.Binance;

/// <summary>
/// Candles of the Binance spot market over its REST API. The node id is the symbol. The payload is the whole candle: open, high,
/// low, close, volume, quote_volume, trades, taker_buy_base_volume, taker_buy_quote_volume.
/// </summary>
/// <param name="options">
/// How it reaches the exchange; null for the defaults: 1,000 bars a request, weight 6,000 a minute, of which a request costs 2.
/// </param>
/// <param name="timeProvider">The clock of time-outs and pauses; null for the system's.</param>
/// <exception cref="ArgumentException">An option is out of its range. The message names it and the range.</exception>
public sealed class BinanceFetcher(HttpFetcherOptions? options = null, TimeProvider? timeProvider = null)
    : HttpFetcher(BinanceApi.Instance, options, timeProvider);
