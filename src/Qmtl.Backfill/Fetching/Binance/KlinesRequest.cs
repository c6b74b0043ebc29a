using System.Globalization;
using System.Text.RegularExpressions;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Binance;

/// <summary>Writes a request for candles the way the exchange wants it.</summary>
internal static partial class KlinesRequest
{
    // Also 1M, which has no fixed length and therefore is no bar interval here.
    private static readonly Dictionary<long, string> Intervals =
        new[] { "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w" }
            .ToDictionary(text => BarInterval.Parse(text).Seconds);

    /// <summary>The exchange's words for a stream.</summary>
    /// <exception cref="SourceException">The node id cannot be a symbol, or the exchange has no bars of the interval.</exception>
    public static (string Symbol, string Interval) Describe(StreamKey stream)
    {
        string symbol = stream.NodeId;
        if (!SymbolRule().IsMatch(symbol))
        {
            string capitals = symbol.ToUpperInvariant();
            string wayOut = SymbolRule().IsMatch(capitals) ? $"Did you mean {capitals}?" : "Write it as the exchange lists it, for example BTCUSDT.";
            throw new SourceException($"'{symbol}' cannot be a symbol of Binance: symbols have capital letters, digits and - _ . only, and at most 20 of them. {wayOut}");
        }

        return Intervals.TryGetValue(stream.Interval.Seconds, out string? interval)
            ? (symbol, interval)
            : throw new SourceException($"Binance has no {stream.Interval} bars. It has {string.Join(", ", Intervals.Values)}.");
    }

    /// <summary>The address of one page.</summary>
    public static Uri Address(Uri baseUri, string symbol, string interval, TimeRange range, long limit) => new(
        baseUri,
        string.Create(CultureInfo.InvariantCulture, $"api/v3/klines?symbol={symbol}&interval={interval}&startTime={range.Start * 1000}&endTime={range.End * 1000}&limit={limit}"));

    [GeneratedRegex(@"\A[A-Z0-9_.-]{1,20}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SymbolRule();
}
