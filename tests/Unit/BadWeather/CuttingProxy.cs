using System.Net;
using System.Net.Sockets;

namespace Qmtl.Unit.BadWeather;

/// <summary>
/// Stands between a client and a PostgreSQL server, and when told to, breaks the connection when the server confirms a commit: the client
/// cannot know of it.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    // The end of the message CommandComplete; see postgresql.org/docs/current/protocol-message-formats.html.
    private static readonly byte[] Committed = "COMMIT\0"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _accepting;
    private int _armed;

    public CuttingProxy(int serverPort)
    {
        _listener.Start();
        _accepting = AcceptAsync(serverPort);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public bool HasCut { get; private set; }

    /// <summary>The next commit is the one.</summary>
    public void CutAtCommit() => Volatile.Write(ref _armed, 1);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task AcceptAsync(int serverPort)
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_ended.Token), serverPort));
            }
        }
        finally
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task ServeAsync(TcpClient client, int serverPort)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, serverPort, _ended.Token);
                Task up = client.GetStream().CopyToAsync(server.GetStream(), _ended.Token);
                await Task.WhenAny(up, AnswerAsync(server.GetStream(), client.GetStream()));
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
            {
                // One side has gone; so does the other.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client)
    {
        byte[] buffer = new byte[1 << 16];
        int read;
        while ((read = await server.ReadAsync(buffer, _ended.Token)) > 0)
        {
            if (buffer.AsSpan(0, read).IndexOf(Committed) >= 0 && Interlocked.Exchange(ref _armed, 0) == 1)
            {
                HasCut = true;
                return;
            }

            await client.WriteAsync(buffer.AsMemory(0, read), _ended.Token);
        }
    }
}
