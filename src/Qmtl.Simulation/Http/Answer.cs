using System.Collections.Frozen;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Qmtl.Simulation.Faults;

namespace Qmtl.Simulation.Http;

/// <summary>What one request is answered with.</summary>
internal sealed record Answer(int Status, ReadOnlyMemory<byte> Body, string ContentType = "application/json;charset=UTF-8")
{
    /// <summary>The server's clock, for the header that tells it.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>How long the client is asked to stay away.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the connection closes before the first byte (reset), or after half of the body; null for neither.</summary>
    public SimulatedFaultKind? Break { get; init; }

    /// <summary>Further headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>How the connection goes on after an answer of status 101; null for all others. It closes when this ends.</summary>
    public Func<Stream, CancellationToken, Task>? Upgrade { get; init; }

    /// <summary>What is undone where the answer cannot be sent, so that <see cref="Upgrade"/> never runs; null for nothing.</summary>
    public Action? Abandon { get; init; }

    /// <summary>What the body lies in, to be given back once it is sent.</summary>
    public IDisposable? Buffer { get; init; }

    /// <summary>A page such as proxies and firewalls send.</summary>
    public static Answer WebPage(int status, string title) =>
        new(
            status,
            Encoding.UTF8.GetBytes(
                $"<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>"),
            "text/html");

    /// <summary>Sends it.</summary>
    /// <returns>Whether the connection can serve another request.</returns>
    public async Task<bool> SendAsync(Stream stream, bool compress, CancellationToken cancellationToken)
    {
        if (Break == SimulatedFaultKind.ConnectionReset)
        {
            return false;
        }

        ReadOnlyMemory<byte> body = compress ? Compress(Body) : Body;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Header(body.Length, compress)), cancellationToken);
        bool whole = Break != SimulatedFaultKind.HalfBody;
        await stream.WriteAsync(whole ? body : body[..(body.Length / 2)], cancellationToken);
        return whole;
    }

    private static ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> body)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body.Span);
        }

        return compressed.ToArray();
    }

    private string Header(int length, bool compressed)
    {
        var header = new StringBuilder();
        header.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {(HttpStatusCode)Status}\r\n");
        if (Upgrade is null)
        {
            header.Append(CultureInfo.InvariantCulture, $"Content-Type: {ContentType}\r\nContent-Length: {length}\r\n");
        }

        foreach ((string name, string value) in Headers)
        {
            header.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        if (Date is { } now)
        {
            header.Append(CultureInfo.InvariantCulture, $"Date: {now:R}\r\n");
        }

        if (RetryAfter is { } delay)
        {
            header.Append(CultureInfo.InvariantCulture, $"Retry-After: {Math.Ceiling(delay.TotalSeconds)}\r\n");
        }

        return header.Append(compressed ? "Content-Encoding: gzip\r\n\r\n" : "\r\n").ToString();
    }
}
