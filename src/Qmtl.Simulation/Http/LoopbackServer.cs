using System.Net;
using System.Net.Sockets;

namespace Qmtl.Simulation.Http;

/// <summary>
/// The little of HTTP/1.1 that a simulated server needs: requests with keep-alive on 127.0.0.1, and connections that go on with
/// another protocol. The framework's <see cref="HttpListener"/> cannot be used, because it answers headers also when it is told to
/// abort, so that neither a reset connection nor a broken answer can be simulated with it.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private const int LongestHeader = 16 * 1024;
    private const int LongestBody = 64 * 1024 * 1024;

    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<LoopbackRequest, CancellationToken, Task<Answer>> _handler;
    private readonly bool _compress;
    private readonly Task _accepting;

    /// <summary>Starts to listen on a free port.</summary>
    /// <param name="handler">Answers a request. Its token is cancelled when the server closes.</param>
    /// <param name="compress">Whether answers are compressed for clients that accept it.</param>
    /// <param name="address">Where it listens; null for 127.0.0.1.</param>
    public LoopbackServer(Func<LoopbackRequest, CancellationToken, Task<Answer>> handler, bool compress, IPAddress? address = null)
    {
        _handler = handler;
        _compress = compress;
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        BaseUri = new Uri($"http://{_listener.LocalEndpoint}/");
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public Uri BaseUri { get; }

    /// <summary>Stops listening and closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stopping.Token);
                connections.RemoveAll(connection => connection.IsCompleted);
                connections.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            byte[] buffer = new byte[LongestHeader];
            int length = 0;
            bool open = true;
            while (open && await ReadHeaderAsync(stream, buffer, length) is { Length: > 0 } received)
            {
                var request = LoopbackRequest.Parse(buffer.AsSpan(0, received.Header));
                (request.Body, int taken) = await ReadBodyAsync(
                    stream, request.ContentLength, buffer.AsMemory(received.Header..received.Length));
                Answer answer = await _handler(request, _stopping.Token);
                using (answer.Buffer)
                {
                    open = await SendAsync(answer, stream, _compress && request.AcceptsGzip) && request.KeepAlive;
                }

                if (answer.Upgrade is { } goOn)
                {
                    await goOn(stream, _stopping.Token);
                    return;
                }

                if (answer.Break == Faults.SimulatedFaultKind.ConnectionReset)
                {
                    socket.LingerState = new LingerOption(enable: true, seconds: 0);
                }

                int used = received.Header + taken;
                length = received.Length - used;
                buffer.AsSpan(used, length).CopyTo(buffer);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or FormatException)
        {
            // The client has gone, speaks no HTTP, or the server is closing: nobody is left to be told.
        }
    }

    private async Task<bool> SendAsync(Answer answer, NetworkStream stream, bool compress)
    {
        try
        {
            return await answer.SendAsync(stream, compress, _stopping.Token);
        }
        catch
        {
            answer.Abandon?.Invoke();
            throw;
        }
    }

    /// <summary>Reads a body, the first bytes of which have come with the header.</summary>
    /// <returns>The body, and how many bytes of <paramref name="received"/> it took.</returns>
    private async Task<(ReadOnlyMemory<byte> Body, int Taken)> ReadBodyAsync(
        NetworkStream stream, int length, ReadOnlyMemory<byte> received)
    {
        if (length > LongestBody)
        {
            throw new FormatException("The body is too long.");
        }

        byte[] body = new byte[length];
        int taken = Math.Min(length, received.Length);
        received[..taken].CopyTo(body);
        await stream.ReadExactlyAsync(body.AsMemory(taken), _stopping.Token);
        return (body, taken);
    }

    /// <summary>Reads until a header is complete. Zero lengths where the client has closed the connection.</summary>
    private async Task<(int Header, int Length)> ReadHeaderAsync(NetworkStream stream, byte[] buffer, int length)
    {
        while (true)
        {
            int end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return (end + 4, length);
            }

            int read = length == buffer.Length ? 0 : await stream.ReadAsync(buffer.AsMemory(length), _stopping.Token);
            if (read == 0)
            {
                return default;
            }

            length += read;
        }
    }
}
