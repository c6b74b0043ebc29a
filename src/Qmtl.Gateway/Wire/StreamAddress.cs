namespace Qmtl.Gateway.Wire;

/// <summary>Addresses of WebSockets as a gateway gives them.</summary>
internal static class StreamAddress
{
    private const string DefaultPath = "/ws";

    /// <summary>
    /// Makes a WebSocket's address of what the gateway gave: http(s) becomes ws(s), and an address without a path gets <c>/ws</c>.
    /// </summary>
    /// <param name="field">The field, for the error.</param>
    /// <param name="address">The address.</param>
    /// <exception cref="FormatException">It is no absolute address of these schemes. The address is not repeated, for it may hold a
    /// token.</exception>
    public static Uri Read(string field, string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri)
            || WebSocketScheme(uri.Scheme) is not { } scheme
            || uri.Host.Length == 0)
        {
            throw new FormatException($"a '{field}' that is no absolute ws, wss, http or https address");
        }

        return new UriBuilder(uri)
        {
            Scheme = scheme,
            Port = uri.IsDefaultPort ? -1 : uri.Port,
            Path = uri.AbsolutePath is "" or "/" ? DefaultPath : uri.AbsolutePath,
            Fragment = string.Empty,
        }.Uri;
    }

    /// <summary>The address without user, path and query, any of which may hold a token.</summary>
    public static string Display(Uri uri) =>
        uri.GetComponents(UriComponents.Scheme | UriComponents.Host | UriComponents.StrongPort, UriFormat.UriEscaped);

    private static string? WebSocketScheme(string scheme) => scheme switch
    {
        "ws" or "http" => Uri.UriSchemeWs,
        "wss" or "https" => Uri.UriSchemeWss,
        _ => null,
    };
}
