using System.Text;
using Prometheus;

namespace Qmtl.Metrics.Serving;

/// <summary>What a client asks for.</summary>
/// <param name="Status">The status of the answer that it gets, where that does not depend on how the process is.</param>
/// <param name="Target">The path that it names; empty of a request that is none.</param>
/// <param name="IsHead">Whether it wants the answer's head alone.</param>
/// <param name="IsChunked">Whether it understands an answer in chunks, which every client of HTTP/1.1 does.</param>
/// <param name="Format">The text format it likes best.</param>
/// <param name="TakesGzip">Whether it takes a compressed answer.</param>
internal readonly record struct MetricsRequest(
    int Status, string Target, bool IsHead, bool IsChunked, ExpositionFormat Format, bool TakesGzip)
{
    /// <summary>Where the metrics are.</summary>
    public const string Path = "/metrics";

    /// <summary>Whether the process lives: who asks would start it anew where it does not.</summary>
    public const string LivePath = "/healthz";

    /// <summary>Whether it does what it is there for.</summary>
    public const string ReadyPath = "/readyz";

    public const int Ok = 200;
    public const int BadRequest = 400;
    public const int NotFound = 404;
    public const int MethodNotAllowed = 405;
    public const int HeadTooLarge = 431;
    public const int Unavailable = 503;

    /// <summary>Reads a request's head, without the empty line at its end.</summary>
    public static MetricsRequest Parse(ReadOnlySpan<byte> head)
    {
        string[] lines = Encoding.Latin1.GetString(head).Split("\r\n");
        if (lines[0].Split(' ') is not [{ Length: > 0 } method, { Length: > 0 } target, "HTTP/1.1" or "HTTP/1.0"])
        {
            return Broken(BadRequest);
        }

        bool isHead = method == "HEAD";
        string path = PathOf(target);
        int status = path is not (Path or LivePath or ReadyPath) ? NotFound : isHead || method == "GET" ? Ok : MethodNotAllowed;
        return new MetricsRequest(
            status,
            path,
            isHead,
            lines[0].EndsWith('1'),
            ContentNegotiation.FormatOf(Header(lines, "Accept")),
            ContentNegotiation.TakesGzip(Header(lines, "Accept-Encoding")));
    }

    /// <summary>A request that cannot be read.</summary>
    public static MetricsRequest Broken(int status) => new(status, string.Empty, false, false, default, false);

    private static string PathOf(string target)
    {
        // A proxy may send the whole address.
        string path = Uri.TryCreate(target, UriKind.Absolute, out Uri? uri) && uri.Scheme == Uri.UriSchemeHttp ? uri.AbsolutePath : target;
        int query = path.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? path : path[..query];
    }

    // A header may come several times, and then counts as a list.
    private static string? Header(string[] lines, string name)
    {
        string[] values = [.. lines.Skip(1)
            .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(line => line[(name.Length + 1)..].Trim())];
        return values.Length == 0 ? null : string.Join(',', values);
    }
}
