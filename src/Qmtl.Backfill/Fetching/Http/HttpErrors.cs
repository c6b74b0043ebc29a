using System.Globalization;
using System.Security.Authentication;
using Qmtl.Messages;

namespace Qmtl.Fetching.Http;

/// <summary>Says in a sentence what an answer means that holds no candles, and whether asking again may help.</summary>
internal static class HttpErrors
{
    /// <summary>The way out where http was spoken to a port of https.</summary>
    public const string SpeaksTls = "speaks TLS at this port. Write https in the base URI.";

    private const int LongestQuote = 300;

    /// <summary>What an error status means; null for a status that is no error.</summary>
    public static RefusalMeaning? MeaningOf(int status) => status switch
    {
        < 400 => null,
        401 => RefusalMeaning.NeedsKey,
        403 => RefusalMeaning.BlockedAddress,
        404 => RefusalMeaning.NotFound,
        408 or 425 or >= 500 => RefusalMeaning.Failing,
        418 => RefusalMeaning.Banned,
        429 => RefusalMeaning.RateLimited,
        451 => RefusalMeaning.BlockedLocation,
        _ => RefusalMeaning.BadRequest,
    };

    /// <summary>The error of a no, by its status or in the API's words.</summary>
    /// <param name="question">Who was asked for what, for example <c>api.binance.com, asked for BTCUSDT 1m</c>.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="meaning">What it means.</param>
    /// <param name="refusal">What the API said; null where it said nothing of its own.</param>
    /// <param name="wayOut">What an operator can do, in place of what is said for any API; null for that.</param>
    /// <param name="pause">How long to leave it alone, as a sentence; empty for not at all.</param>
    public static string Refusal(string question, HttpAnswer answer, RefusalMeaning meaning, HttpRefusal? refusal, string? wayOut, string pause)
    {
        // Some end what they say with a full stop, and others not.
        string said = refusal is { } words
            ? $": {PlainText.OneLine(words.Said, LongestQuote).TrimEnd(' ', '.')}."
            : $" ({answer.Describe()}).";
        return string.Create(CultureInfo.InvariantCulture, $"{question}, answered {answer.Status}{said} {wayOut ?? WayOut(meaning)}{pause}");
    }

    /// <summary>Whether an error page is what web servers (nginx, Apache, Go's) say to http at a port of https.</summary>
    public static bool WantsTls(HttpAnswer answer) =>
        answer.Body.IndexOf("to HTTPS port"u8) >= 0 || answer.Body.IndexOf("to an HTTPS server"u8) >= 0 || answer.Body.IndexOf("an SSL-enabled server port"u8) >= 0;

    /// <summary>Whether it may pass by itself.</summary>
    public static bool IsTransient(RefusalMeaning meaning) => meaning is RefusalMeaning.RateLimited or RefusalMeaning.Banned or RefusalMeaning.Failing;

    /// <summary>The error of an answer that sends elsewhere.</summary>
    public static SourceException FromRedirect(string question, HttpResponseMessage response, Uri asked)
    {
        // The server only: the rest of the address may hold a token.
        string? target = Uri.TryCreate(asked, response.Headers.Location, out Uri? address) && address != asked && address.Scheme.StartsWith("http", StringComparison.Ordinal)
            ? OriginOf(address)
            : null;
        string where = target is null ? "elsewhere without saying where" : target == OriginOf(asked) ? $"to another address of {target}" : $"to {target}";
        return new SourceException(
            string.Create(CultureInfo.InvariantCulture, $"{question}, answered {(int)response.StatusCode} and sends {where}. Redirects are not followed, because only the host that was asked can speak for this source. If candles are served there, make it the base URI."))
        {
            StatusCode = (int)response.StatusCode,
        };
    }

    /// <summary>The error of a status that is neither 200 nor an error: only a part, or nothing at all, or made by somebody in between. A proxy's hiccup, so it may pass.</summary>
    public static SourceException FromPartial(string question, HttpAnswer answer) =>
        Transient(question, answer, $"({answer.Describe()}), which is no full answer; only 200 is one. A proxy in between may have changed it.", null);

    /// <summary>The error of an answer whose status is fine and whose body is not: half of one, a web page, any other text. A proxy's hiccup, so it may pass.</summary>
    public static SourceException FromBody(string question, HttpAnswer answer, Exception cause) =>
        Transient(question, answer, $"but no list of candles ({answer.Describe()}). A proxy or firewall in between may have answered in its place.", cause);

    /// <summary>The error of a body that does not end where a sound one has ended long ago. The next would be as long, so it is final.</summary>
    public static SourceException FromTooLong(string question, HttpAnswer answer, int longest) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{question}, answered {answer.Status} with a body longer than {longest / (1024 * 1024)} MiB ({answer.Describe()}). No list of candles is that long, so nothing of it was taken. Check the base URI."))
        {
            StatusCode = answer.Status,
        };

    /// <summary>The error of a connection that was not made, or broke.</summary>
    /// <param name="question">Who was asked for what.</param>
    /// <param name="error">What happened.</param>
    /// <param name="asked">The address.</param>
    /// <param name="hasHead">Whether the head of an answer had come.</param>
    public static SourceException FromConnection(string question, Exception error, Uri asked, bool hasHead)
    {
        (string what, bool isTransient) = error switch
        {
            { InnerException: AuthenticationException refused } when IsCertificate(refused) =>
                ($"has a certificate that is not accepted: {Quote(error)} Correct it, the clock, or the certificates that this machine trusts.", false),
            { InnerException: AuthenticationException } =>
                ($"does not speak TLS at this port: {Quote(error)} Write http in the base URI if that is meant, or correct the port.", false),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                ($"broke off before TLS was agreed on: {Quote(error)} If it does not speak TLS at this port, write http in the base URI.", true),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } when error.Message.Contains("'\u0015\u0003", StringComparison.Ordinal) =>
                (SpeaksTls, false),
            HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse } when !hasHead && asked.Scheme == Uri.UriSchemeHttp =>
                ($"broke off before it answered in HTTP: {Quote(error)} If it speaks TLS at this port, write https in the base URI.", true),
            _ => ($"could not be reached or broke off: {Quote(error)}", true),
        };
        return new SourceException($"{question}, {what}", error) { IsTransient = isTransient };
    }

    /// <summary>Scheme, host and, where it is not the usual one, port: what tells one server from another, and no secret.</summary>
    public static string OriginOf(Uri uri) => $"{uri.Scheme}://{HostOf(uri)}";

    /// <summary>Host and, where it is not the usual one, port. A host that is not ASCII is shown as it is sent, so that none can look like another.</summary>
    public static string HostOf(Uri uri)
    {
        string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        return PlainText.OneLine(uri.IsDefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{uri.Port}"), LongestQuote);
    }

    private static SourceException Transient(string question, HttpAnswer answer, string what, Exception? cause) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{question}, answered {answer.Status} {what}"), cause) { IsTransient = true, StatusCode = answer.Status };

    private static string WayOut(RefusalMeaning meaning) => meaning switch
    {
        RefusalMeaning.RateLimited => "Too many requests.",
        RefusalMeaning.Banned => "This address is banned for a while because it went on in spite of a 429.",
        RefusalMeaning.Failing => "The fault is on its side and may pass.",
        RefusalMeaning.UnknownSymbol => "Write the symbol as the exchange lists it.",
        RefusalMeaning.NeedsKey => "It answers only with credentials, so asking again does not help.",
        RefusalMeaning.NotFound => "There is no candle API at this address. Check the base URI.",
        RefusalMeaning.BlockedAddress => "Its web firewall blocks this address or network. Use another network.",
        RefusalMeaning.BlockedLocation => "It does not serve this location.",
        _ => "It refuses the request itself, so asking again does not help.",
    };

    private static bool IsCertificate(AuthenticationException refused) => refused.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase);

    // Of a failed handshake, and of a request that could not be sent, .NET says only that the cause tells more.
    private static string Quote(Exception error)
    {
        bool asksToLookInside = error is HttpRequestException
        {
            HttpRequestError: HttpRequestError.SecureConnectionError or HttpRequestError.ResponseEnded or HttpRequestError.Unknown,
            InnerException: not null,
        };
        return PlainText.OneLine((asksToLookInside ? error.InnerException! : error).Message, LongestQuote).TrimEnd('.') + ".";
    }
}
