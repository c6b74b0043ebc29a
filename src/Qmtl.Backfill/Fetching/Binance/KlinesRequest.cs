using System.Globalization;
using Qmtl.Time;

namespace Qmtl.Fetching.Binance;

/// <summary>Writes a request for candles the way the exchange wants it.</summary>
internal static class KlinesRequest
{
    private static readonly Dictionary<BarInterval, string> Intervals =
        new[] { "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M" }
            .ToDictionary(BarInterval.Parse);

    /// <summary>The exchange's word for an interval.</summary>
    /// <exception cref="SourceException">The exchange has no such bars.</exception>
    public static string Describe(BarInterval interval) =>
        Intervals.TryGetValue(interval, out string? word)
            ? word
            : throw new SourceException($"Binance has no {interval} bars. It has {string.Join(", ", Intervals.Values)}.")
            {
                IsUnsent = true,
            };

    /// <summary>The address of one page, to the last millisecond of the range. The symbol is sent whatever it is: which there are only the exchange knows.</summary>
    public static Uri Address(Uri baseUri, string symbol, string interval, TimeRange range, long limit)
    {
        (long from, long to) = (range.Start * 1000, (range.End * 1000) + 999);
        string bars = string.Create(CultureInfo.InvariantCulture, $"startTime={from}&endTime={to}&limit={limit}");
        return new Uri(baseUri, $"api/v3/klines?symbol={Uri.EscapeDataString(symbol)}&interval={interval}&{bars}");
    }
}
