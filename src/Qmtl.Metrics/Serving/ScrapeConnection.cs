using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Prometheus;
using Qmtl.Messages;
using Qmtl.Metrics.Collection;

namespace Qmtl.Metrics.Serving;

/// <summary>Answers the one request of a connection. Reading and answering each have a time, however slowly a client drips.</summary>
internal static class ScrapeConnection
{
    private const int LongestHead = 8 * 1024;

    // Or the kernel would hold megabytes for each client that does not read.
    private const int SendBuffer = 64 * 1024;

    // What a client still sends after its request is read and thrown away for this long: closing on unread bytes would reset the
    // connection, and the client might lose the answer.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    /// <summary>Serves one client.</summary>
    /// <param name="socket">Its connection.</param>
    /// <param name="options">How much time it has.</param>
    /// <param name="collector">What it is given.</param>
    /// <param name="answering">Told true when its request has come, and false when it has its answer.</param>
    /// <param name="stopping">Ends it.</param>
    public static async Task ServeAsync(
        Socket socket, MetricsServerOptions options, MetricsCollector collector, Action<bool> answering, CancellationToken stopping)
    {
        socket.NoDelay = true;
        socket.SendBufferSize = SendBuffer;
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        MetricsRequest? request;
        using (var patience = Patience(options.RequestTimeout, stopping))
        {
            request = await ReadAsync(stream, patience.Token);
        }

        if (request is null)
        {
            return;
        }

        answering(true);
        using (var patience = Patience(options.ResponseTimeout, stopping))
        {
            await ((request.Value.Status, request.Value.Target) switch
            {
                (MetricsRequest.Ok, MetricsRequest.Path) => SendMetricsAsync(stream, request.Value, collector, patience.Token),
                (MetricsRequest.Ok, MetricsRequest.LivePath) => SendHealthAsync(stream, request.Value, options.Live, patience.Token),
                (MetricsRequest.Ok, _) => SendHealthAsync(stream, request.Value, options.Ready, patience.Token),
                _ => SendErrorAsync(stream, request.Value, patience.Token),
            });
        }

        answering(false);

        socket.Shutdown(SocketShutdown.Send);
        using (var patience = Patience(Farewell, stopping))
        {
            byte[] rest = new byte[LongestHead];
            while (await stream.ReadAsync(rest, patience.Token) > 0)
            {
            }
        }
    }

    private static CancellationTokenSource Patience(TimeSpan time, CancellationToken stopping)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(time);
        return patience;
    }

    /// <summary>Reads until a head is complete; null where the client went away before.</summary>
    private static async Task<MetricsRequest?> ReadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[LongestHead];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            length += read;
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return MetricsRequest.Parse(buffer.AsSpan(0, end));
            }
        }

        return MetricsRequest.Broken(MetricsRequest.HeadTooLarge);
    }

    private static async Task SendMetricsAsync(
        NetworkStream stream, MetricsRequest request, MetricsCollector collector, CancellationToken cancellationToken)
    {
        string type = request.Format == ExpositionFormat.OpenMetricsText
            ? PrometheusConstants.OpenMetricsContentTypeWithVersionAndEncoding
            : PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        string head = $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nVary: Accept, Accept-Encoding\r\nCache-Control: no-store\r\n"
            + (request.TakesGzip ? "Content-Encoding: gzip\r\n" : string.Empty)
            + (request.IsChunked ? "Transfer-Encoding: chunked\r\n" : string.Empty)
            + "Connection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        if (request.IsHead)
        {
            return;
        }

        var chunks = request.IsChunked ? new ChunkedStream(stream) : null;
        Stream body = chunks ?? (Stream)stream;
        if (request.TakesGzip)
        {
            await using var gzip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true);
            await collector.WriteAsync(gzip, request.Format, cancellationToken);
        }
        else
        {
            await collector.WriteAsync(body, request.Format, cancellationToken);
        }

        if (chunks is not null)
        {
            await chunks.EndAsync(cancellationToken);
        }
    }

    private static Task SendHealthAsync(
        NetworkStream stream, MetricsRequest request, Func<string?>? whyNot, CancellationToken cancellationToken)
    {
        if (whyNot?.Invoke() is not { } problem)
        {
            return SendTextAsync(stream, request, "OK", "ok", cancellationToken);
        }

        MetricsRequest unavailable = request with { Status = MetricsRequest.Unavailable };
        return SendTextAsync(stream, unavailable, "Service Unavailable", PlainText.OneLine(problem), cancellationToken);
    }

    private static Task SendErrorAsync(NetworkStream stream, MetricsRequest request, CancellationToken cancellationToken)
    {
        (string reason, string text) = request.Status switch
        {
            MetricsRequest.NotFound => (
                "Not Found", $"Metrics are at {MetricsRequest.Path}, health at {MetricsRequest.LivePath} and {MetricsRequest.ReadyPath}."),
            MetricsRequest.MethodNotAllowed => ("Method Not Allowed", "Use GET or HEAD."),
            MetricsRequest.HeadTooLarge => ("Request Header Fields Too Large", $"The request's head is longer than {LongestHead} bytes."),
            _ => ("Bad Request", "This is no HTTP/1.1 request."),
        };
        return SendTextAsync(stream, request, reason, text, cancellationToken);
    }

    private static async Task SendTextAsync(
        NetworkStream stream, MetricsRequest request, string reason, string text, CancellationToken cancellationToken)
    {
        byte[] body = Encoding.UTF8.GetBytes(text + "\n");
        string allow = request.Status == MetricsRequest.MethodNotAllowed ? "Allow: GET, HEAD\r\n" : string.Empty;
        string head =
            $"HTTP/1.1 {request.Status} {reason}\r\n{allow}Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
                + $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        if (!request.IsHead)
        {
            await stream.WriteAsync(body, cancellationToken);
        }
    }
}
