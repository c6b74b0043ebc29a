using System.Globalization;
using System.Security.Authentication;
using Qmtl.Messages;

namespace Qmtl.Fetching.Http;

/// <summary>Says in a sentence what an answer means that holds no candles, and whether asking again may help.</summary>
internal static class HttpErrors
{
    private const int LongestQuote = 300;

    private const HttpRequestError NoHandshake = HttpRequestError.SecureConnectionError;
    private const HttpRequestError BrokenOff = HttpRequestError.ResponseEnded;
    private const HttpRequestError InvalidAnswer = HttpRequestError.InvalidResponse;
    private const HttpRequestError OtherCause = HttpRequestError.Unknown;

    // What web servers (nginx, Go's, Apache) put on the page that they show to http at a port of https.
    private static readonly byte[][] TlsPages =
        ["to HTTPS port"u8.ToArray(), "to an HTTPS server"u8.ToArray(), "an SSL-enabled server port"u8.ToArray()];

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

    /// <summary>Whether what an answer means may pass by itself.</summary>
    public static bool IsTransient(RefusalMeaning meaning) =>
        meaning is RefusalMeaning.RateLimited or RefusalMeaning.Banned or RefusalMeaning.Failing or RefusalMeaning.Maintenance;

    /// <summary>The sentences about a no, by its status or in the API's words.</summary>
    /// <param name="question">Who was asked for what, for example <c>api.binance.com, asked for BTCUSDT 1m</c>.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="meaning">What it means.</param>
    /// <param name="refusal">What the API said; null where it said nothing of its own.</param>
    /// <param name="asked">The address.</param>
    /// <param name="wayOut">What an operator can do, in place of what is said for any API; null for that.</param>
    public static string Describe(
        string question, HttpAnswer answer, RefusalMeaning meaning, HttpRefusal? refusal, Uri asked, string? wayOut)
    {
        bool wantsTls = refusal is null && asked.Scheme == "http" && WantsTls(answer);

        // Some end what they say with a full stop, and others not.
        string said = refusal is null ? $" ({answer.Describe()})." : $": {Quote(refusal.Said)}.";
        string whatNow = wantsTls ? "It speaks TLS at this port. Write https in the base URI." : wayOut ?? WayOut(meaning);
        return string.Create(CultureInfo.InvariantCulture, $"{question}, answered {answer.Status}{said} {whatNow}");
    }

    /// <summary>The error of an answer that sends elsewhere.</summary>
    public static SourceException FromRedirect(string question, HttpResponseMessage response, Uri asked)
    {
        // The server only: the rest of the address may hold a token.
        string? target = Uri.TryCreate(asked, response.Headers.Location, out Uri? address) && address != asked ? OriginOf(address) : null;
        string where = target is null ? "elsewhere without saying where"
            : target == OriginOf(asked) ? $"to another address of {target}"
            : $"to {target}";
        return Error(
            question, (int)response.StatusCode, isTransient: false,
            $"and sends {where}. Redirects are not followed, because only the host that was asked can speak for this source."
                + " If candles are served there, make it the base URI.");
    }

    /// <summary>
    /// The error of a status that is neither 200 nor an error: only a part, or nothing at all, or made by somebody in between. A
    /// proxy's hiccup, so it may pass.
    /// </summary>
    public static SourceException FromPartial(string question, HttpAnswer answer) => Error(
        question, answer.Status, isTransient: true,
        $"({answer.Describe()}), which is no full answer; only 200 is one. A proxy in between may have changed it.");

    /// <summary>
    /// The error of an answer whose status is fine and whose body is not: half of one, a web page, any other text. A proxy's hiccup,
    /// so it may pass.
    /// </summary>
    public static SourceException FromBody(string question, HttpAnswer answer, Exception cause) => Error(
        question, answer.Status, isTransient: true,
        $"but no list of candles ({answer.Describe()}). A proxy or firewall in between may have answered in its place.", cause);

    /// <summary>
    /// The error of a body that does not end where a sound one has ended long ago. The next would be as long, so it is final.
    /// </summary>
    public static SourceException FromTooLong(string question, HttpAnswer answer, int longest) => Error(
        question, answer.Status, isTransient: false,
        $"with a body longer than {longest >> 20} MiB ({answer.Describe()}). No list of candles is that long, so nothing of it was taken."
            + " Check the base URI.");

    /// <summary>The error of a connection that was not made, or broke.</summary>
    /// <param name="question">Who was asked for what.</param>
    /// <param name="error">What happened.</param>
    /// <param name="asked">The address.</param>
    /// <param name="hasHead">Whether the head of an answer had come.</param>
    public static SourceException FromConnection(string question, Exception error, Uri asked, bool hasHead)
    {
        (string what, bool isTransient) = DescribeConnection(error, asked, hasHead, "base URI");
        return new SourceException($"{question}, {what}", error) { IsTransient = isTransient };
    }

    /// <summary>
    /// What became of a connection that was not made, or broke, as the rest of a sentence about the server, and whether it may pass by
    /// itself.
    /// </summary>
    /// <param name="error">What happened.</param>
    /// <param name="asked">The address.</param>
    /// <param name="hasHead">Whether the head of an answer had come.</param>
    /// <param name="address">What an operator calls the address, for example <c>base URI</c>.</param>
    public static (string What, bool IsTransient) DescribeConnection(Exception error, Uri asked, bool hasHead, string address)
    {
        string cause = Quote(CauseOf(error).Message);
        return error switch
        {
            { InnerException: AuthenticationException } when cause.Contains("certificate", StringComparison.OrdinalIgnoreCase) =>
                ($"has a certificate that is not accepted: {cause}. Correct it, the clock, or what this machine trusts.", false),
            { InnerException: AuthenticationException } when cause.Contains("frame", StringComparison.Ordinal) =>
                ($"does not speak TLS at this port: {cause}. Write http in the {address} if that is meant, or correct the port.", false),
            HttpRequestException { HttpRequestError: NoHandshake } =>
                ($"broke off before TLS was agreed on: {cause}. If it does not speak TLS at this port, write http in the {address}.", true),
            HttpRequestException { HttpRequestError: InvalidAnswer } when IsTlsAlert(error) =>
                ($"speaks TLS at this port. Write https in the {address}.", false),
            HttpRequestException { HttpRequestError: BrokenOff or InvalidAnswer or OtherCause } when !hasHead && asked.Scheme == "http" =>
                ($"broke off before it answered in HTTP: {cause}. If it speaks TLS at this port, write https in the {address}.", true),
            _ => ($"could not be reached or broke off: {cause}.", true),
        };
    }

    /// <summary>
    /// Host and, where it is not the usual one, port. A host that is not ASCII is shown as it is sent, so that none can look like
    /// another.
    /// </summary>
    public static string HostOf(Uri uri)
    {
        string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        return uri.IsDefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{uri.Port}");
    }

    // What tells one server from another, and no secret; null where it is no address of HTTP.
    private static string? OriginOf(Uri uri) => uri.Scheme is "http" or "https" ? $"{uri.Scheme}://{HostOf(uri)}" : null;

    private static SourceException Error(string question, int status, bool isTransient, string what, Exception? cause = null) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{question}, answered {status} {what}"), cause)
        {
            IsTransient = isTransient,
            StatusCode = status,
        };

    /// <summary>What an operator can do about a refusal by any API.</summary>
    public static string WayOut(RefusalMeaning meaning) => meaning switch
    {
        RefusalMeaning.RateLimited => "Too many requests.",
        RefusalMeaning.Banned => "This address is banned for a while because it went on in spite of a 429.",
        RefusalMeaning.Failing => "The fault is on its side and may pass.",
        RefusalMeaning.Maintenance => "It is being serviced, which passes.",
        RefusalMeaning.UnknownInterval => "It has no bars of this interval.",
        RefusalMeaning.TooOld => SourceException.OlderBars,
        RefusalMeaning.UnknownSymbol => "Write the symbol as the exchange lists it.",
        RefusalMeaning.NeedsKey => "It answers only with credentials, so asking again does not help.",
        RefusalMeaning.NotFound => "There is no candle API at this address. Check the base URI.",
        RefusalMeaning.BlockedAddress => "Its web firewall blocks this address or network. Use another network.",
        RefusalMeaning.BlockedLocation => "It does not serve this location.",
        _ => "It refuses the request itself, so asking again does not help.",
    };

    private static bool WantsTls(HttpAnswer answer)
    {
        foreach (byte[] words in TlsPages)
        {
            if (answer.Body.IndexOf(words) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    // A record of TLS begins with its kind, 21 for an alert, and the version, 3.
    private static bool IsTlsAlert(Exception error) => error.Message.Contains("'\u0015\u0003", StringComparison.Ordinal);

    // Of a failed handshake, and of a request that could not be sent, .NET says only that the cause tells more.
    private static Exception CauseOf(Exception error) => error switch
    {
        HttpRequestException { HttpRequestError: NoHandshake or BrokenOff or OtherCause, InnerException: { } cause } => cause,
        _ => error,
    };

    private static string Quote(string text) => PlainText.OneLine(text, LongestQuote).TrimEnd(' ', '.');
}
