using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Qmtl.Unit.Fetching.Http;

/// <summary>
/// A server on loopback that sends exactly what it is told to, whether that is HTTP or not, and closes the connection after it.
/// </summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Stream, CancellationToken, Task> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _accepting;
    private int _requestCount;

    /// <param name="answer">Writes the answer to any request.</param>
    /// <param name="certificate">What it shows where it speaks TLS; null where it does not.</param>
    public RawServer(Func<Stream, CancellationToken, Task> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public RawServer(params byte[][] answer)
        : this(async (stream, token) => await stream.WriteAsync(answer.SelectMany(part => part).ToArray(), token))
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri BaseUri => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}/");

    /// <summary>The requests as they came, head and body.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public int RequestCount => Volatile.Read(ref _requestCount);

    /// <summary>The head of an answer.</summary>
    /// <param name="status">The status line's number and words.</param>
    /// <param name="headers">A header each.</param>
    public static byte[] Head(string status, params string[] headers) =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");

    /// <summary>An answer with a body of the right length.</summary>
    public static byte[] Whole(string status, string body, params string[] headers) =>
        [.. Head(status, [.. headers, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}"]), .. Encoding.UTF8.GetBytes(body)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using Stream stream = await OpenAsync(client);
                byte[] received = new byte[16 * 1024];
                if (await ReadRequestAsync(stream, received) is { Length: > 0 } request)
                {
                    Requests.Enqueue(request);
                    Interlocked.Increment(ref _requestCount);
                    await _answer(stream, _stop.Token);
                    client.Client.Shutdown(SocketShutdown.Send);

                    // Closing while there is something unread would reset the connection, and what was sent could be lost.
                    while (await stream.ReadAsync(received, _stop.Token) > 0)
                    {
                    }
                }
            }
            catch (Exception error)
                when (error is IOException or SocketException or OperationCanceledException or AuthenticationException)
            {
                // The client has seen enough, or the test has.
            }
        }
    }

    // What is no HTTP is one packet of something.
    private async Task<string> ReadRequestAsync(Stream stream, byte[] received)
    {
        int length = 0;
        string text;
        do
        {
            int read = await stream.ReadAsync(received.AsMemory(length), _stop.Token);
            if (read == 0)
            {
                break;
            }

            length += read;
            text = Encoding.UTF8.GetString(received, 0, length);
        }
        while (IsUnfinished(text));

        return Encoding.UTF8.GetString(received, 0, length);
    }

    private static bool IsUnfinished(string request)
    {
        const string Length = "\r\nContent-Length: ";
        int at = request.IndexOf(Length, StringComparison.OrdinalIgnoreCase);
        int end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (at < 0 || end < at)
        {
            return false;
        }

        ReadOnlySpan<char> length = request.AsSpan(at + Length.Length);
        length = length[..length.IndexOf('\r')];
        return int.Parse(length, CultureInfo.InvariantCulture) > Encoding.UTF8.GetByteCount(request.AsSpan(end + 4));
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_certificate is null)
        {
            return client.GetStream();
        }

        var secure = new SslStream(client.GetStream());
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return secure;
    }
}
