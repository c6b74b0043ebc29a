using System.Globalization;
using System.Net;
using System.Text.Json;
using Qmtl.Fetching.Http;

namespace Qmtl.Fetching.Binance;

/// <summary>Says what an answer that holds no candles means and whether asking again may help.</summary>
internal static class BinanceErrors
{
    private const int TooManyRequests = 429;
    private const int AddressBanned = 418;
    private const int RestrictedLocation = 451;

    private const int InvalidSymbol = -1121;

    /// <summary>Whether the exchange asked to be left alone.</summary>
    public static bool IsRateLimit(HttpStatusCode status) => (int)status is TooManyRequests or AddressBanned;

    /// <summary>How long it asked for; where it does not say, 10 seconds after a 429 and the shortest ban, 2 minutes, after a 418. Null for other errors without the header.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider clock)
    {
        TimeSpan? asked = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ => null,
        };
        return asked is { } delay && delay < TimeSpan.Zero ? TimeSpan.Zero : asked ?? (int)response.StatusCode switch
        {
            TooManyRequests => TimeSpan.FromSeconds(10),
            AddressBanned => TimeSpan.FromMinutes(2),
            _ => null,
        };
    }

    /// <summary>The error that an answer with an error status means.</summary>
    /// <param name="question">Who was asked for what, for example <c>api.binance.com, asked for BTCUSDT 1m</c>.</param>
    /// <param name="response">The answer's head.</param>
    /// <param name="body">Its body.</param>
    /// <param name="retryAfter">What <see cref="RetryAfter"/> says.</param>
    public static SourceException FromStatus(string question, HttpResponseMessage response, ResponseBody body, TimeSpan? retryAfter)
    {
        int status = (int)response.StatusCode;
        (int Code, string Message)? refusal = ReadRefusal(body.Bytes);
        // The exchange ends some of its messages with a full stop, and others not.
        string said = refusal is { } words
            ? string.Create(CultureInfo.InvariantCulture, $"{status}: {words.Code} {words.Message.TrimEnd(' ', '.')}.")
            : $"{status} ({Describe(response, body)}).";
        string wayOut = status switch
        {
            TooManyRequests => $"Too many requests; it wants to be left alone for {Seconds(retryAfter)}.",
            AddressBanned => $"This address is banned for {Seconds(retryAfter)} because it went on in spite of a 429.",
            (int)HttpStatusCode.Forbidden => "Its web firewall blocks this address or network. Use another network, or a mirror such as https://data-api.binance.vision.",
            RestrictedLocation => "It does not serve this location. Use a mirror such as https://data-api.binance.vision, or https://api.binance.us for the US exchange.",
            (int)HttpStatusCode.NotFound => "There is no candle API at this address. Check the base URI.",
            >= 500 or (int)HttpStatusCode.RequestTimeout => "The fault is on its side and may pass.",
            _ when refusal?.Code == InvalidSymbol => "Write the symbol as the exchange lists it, for example BTCUSDT.",
            _ => "It refuses the request itself, so asking again does not help.",
        };
        return new SourceException($"{question}, answered {said} {wayOut}")
        {
            IsTransient = status >= 500 || status is TooManyRequests or AddressBanned or (int)HttpStatusCode.RequestTimeout,
            RetryAfter = retryAfter,
            StatusCode = status,
        };
    }

    /// <summary>The error of an answer whose status is fine and whose body is not: half of one, a web page, any other text. A proxy's hiccup, so it may pass.</summary>
    public static SourceException FromBody(string question, HttpResponseMessage response, ResponseBody body, JsonException cause) =>
        new($"{question}, answered {(int)response.StatusCode} but no list of candles ({Describe(response, body)}). A proxy or firewall in between may have answered in its place.", cause)
        {
            IsTransient = true,
            StatusCode = (int)response.StatusCode,
        };

    private static string Describe(HttpResponseMessage response, ResponseBody body) =>
        $"{response.Content.Headers.ContentType?.MediaType ?? "no content type"}, {(body.Bytes.IsEmpty ? "an empty body" : $"'{body.Excerpt()}'")}";

    private static string Seconds(TimeSpan? delay) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling((delay ?? TimeSpan.Zero).TotalSeconds)} s");

    private static (int Code, string Message)? ReadRefusal(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("code", out JsonElement code) && code.TryGetInt32(out int number)
                && document.RootElement.TryGetProperty("msg", out JsonElement text) && text.GetString() is { } message
                    ? (number, message)
                    : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
