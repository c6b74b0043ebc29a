using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Data;
using Qmtl.Fetching.Http;
using Qmtl.Time;

namespace Qmtl.Fetching.Binance;

/// <summary>
/// What is particular to Binance among HTTP APIs: its request and rows, its weight header, and how it says no
/// (<c>{"code":-1121,"msg":"Invalid symbol."}</c>).
/// </summary>
internal static partial class BinanceApi
{
    private const int TooManyRequests = -1003;
    private const int IllegalCharacters = -1100;
    private const int InvalidSymbol = -1121;
    private const string Mirror = "Use a mirror such as https://data-api.binance.vision";

    // Of GET /api/v3/klines. A bar's last millisecond is in the range, too.
    public static HttpApi Instance { get; } = new()
    {
        Title = "Binance",
        BaseUri = new Uri("https://api.binance.com"),
        NameOfHost = NameOfHost,
        Intervals = new[] { "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M" }
            .ToDictionary(BarInterval.Parse),
        MostBarsPerRequest = 1000,
        RequestWeight = 2,
        Limits = [new() { Weight = 6000, Per = TimeSpan.FromMinutes(1), UsedHeader = "X-MBX-USED-WEIGHT-1M" }],
        Request = page => new HttpRequestMessage(HttpMethod.Get, new Uri(page.BaseUri, string.Create(
            CultureInfo.InvariantCulture,
            $"api/v3/klines?symbol={Uri.EscapeDataString(page.Symbol)}&interval={page.Interval}"
            + $"&startTime={page.Range.Start * 1000}&endTime={(page.Range.End * 1000) + 999}&limit={page.Limit}"))),
        Read = (answer, expected) =>
        {
            var columns = new KlineColumns(expected) { AnsweredAt = answer.ServerTime };
            KlineReader.Read(answer.Body, columns);
            return columns.Build();
        },
        ReadRefusal = ReadRefusal,
        WaysOut = new Dictionary<RefusalMeaning, string>
        {
            [RefusalMeaning.BlockedAddress] = $"Its web firewall blocks this address or network. {Mirror}, or another network.",
            [RefusalMeaning.BlockedLocation] = $"It does not serve this location. {Mirror}, or https://api.binance.us for the US exchange.",
        },
    };

    // The testnet has candles of its own, so it is not among the exchange's names.
    private static string? NameOfHost(string host) => host switch
    {
        "data-api.binance.vision" => "binance",
        _ when host.EndsWith(".binance.com", StringComparison.Ordinal) => "binance",
        _ when host.EndsWith(".binance.us", StringComparison.Ordinal) => "binance.us",
        _ => null,
    };

    private static HttpRefusal? ReadRefusal(HttpAnswer answer, StreamKey stream)
    {
        if (ReadWords(answer.Body) is not { } words)
        {
            return null;
        }

        DateTimeOffset? until = ReadBan(words.Message);
        RefusalMeaning? meaning = MeaningOf(words.Code, answer.Status, until is not null);
        return new HttpRefusal(string.Create(CultureInfo.InvariantCulture, $"{words.Code} {words.Message}"), meaning)
        {
            Until = until,
            WayOut = meaning == RefusalMeaning.UnknownSymbol ? WayOut(stream.NodeId) : null,
        };
    }

    // By the exchange's list of error codes. Where it is null, the status says what is meant.
    private static RefusalMeaning? MeaningOf(int code, int status, bool isBan) => code switch
    {
        TooManyRequests => isBan || status == 418 ? RefusalMeaning.Banned : RefusalMeaning.RateLimited,
        InvalidSymbol or IllegalCharacters => RefusalMeaning.UnknownSymbol,
        -1000 or -1001 or -1006 or -1007 or -1008 or -1016 => RefusalMeaning.Failing,
        _ => null,
    };

    private static string WayOut(string symbol)
    {
        string capitals = symbol.ToUpperInvariant();
        string example = capitals == symbol ? "for example BTCUSDT." : $"in capital letters. Did you mean {capitals}?";
        return $"Write the symbol as the exchange lists it, {example}";
    }

    private static (int Code, string Message)? ReadWords(ReadOnlySpan<byte> body)
    {
        if (body.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.TryGetProperty("code", out JsonElement code) && code.TryGetInt32(out int number)
                && document.RootElement.TryGetProperty("msg", out JsonElement text) && text.GetString() is { } message
                    ? (number, message)
                    : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // "Way too much request weight used; IP banned until 1700000000000. Please use …": milliseconds, and in some answers seconds.
    private static DateTimeOffset? ReadBan(string message)
    {
        if (BannedUntil().Match(message) is not { Success: true } match)
        {
            return null;
        }

        long number = long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return match.Groups[1].Length == 10 ? DateTimeOffset.FromUnixTimeSeconds(number) : DateTimeOffset.FromUnixTimeMilliseconds(number);
    }

    [GeneratedRegex(@"banned until ([0-9]{10,14})(?![0-9])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex BannedUntil();
}
