using System.Net;
using System.Net.Sockets;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>Passes bytes on to a server and cuts its connections after a number of bytes, as a server that dies does.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private long _bytesUntilCut = long.MaxValue;

    public TcpRelay(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The relay's port on 127.0.0.1.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Whether new connections are closed at once, as if nothing was there.</summary>
    public bool IsClosed { get; set; }

    /// <summary>How often connections were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>Cuts a connection once, when the client has sent so many bytes from now on.</summary>
    public void CutAfter(long bytes) => Interlocked.Exchange(ref _bytesUntilCut, bytes);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_ended.Token);
            if (IsClosed)
            {
                client.Dispose();
                continue;
            }

            _ = RelayAsync(client);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(_host, _port, _ended.Token);
                await Task.WhenAny(ForwardAsync(client, server), server.GetStream().CopyToAsync(client.GetStream(), _ended.Token));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Either side is gone; so is the other, then.
            }
        }
    }

    private async Task ForwardAsync(TcpClient client, TcpClient server)
    {
        byte[] buffer = new byte[8192];
        while (await client.GetStream().ReadAsync(buffer, _ended.Token) is > 0 and int length)
        {
            long left = Interlocked.Add(ref _bytesUntilCut, -length);
            if (left < 0 && left >= -length)
            {
                Interlocked.Exchange(ref _bytesUntilCut, long.MaxValue);
                Cuts++;
                client.LingerState = new LingerOption(true, 0);
                return;
            }

            await server.GetStream().WriteAsync(buffer.AsMemory(0, length), _ended.Token);
        }
    }
}
