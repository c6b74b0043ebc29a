using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;

namespace Qmtl.Simulation.Gateway;

/// <summary>One WebSocket, from the moment its handshake is accepted.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
internal sealed class EventSocket(bool answersPings)
{
    private readonly TaskCompletionSource<WebSocket> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _sending = new(1);

    /// <summary>
    /// Serves it until it closes or is dropped: pings are answered unless they are not to be, messages are not looked at.
    /// </summary>
    public async Task RunAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        _opened.SetResult(socket);
        using CancellationTokenRegistration stop = cancellationToken.Register(Drop);
        try
        {
            await await Task.WhenAny(answersPings ? ReceiveAsync(socket) : _dropped.Task, _dropped.Task);
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException)
        {
            // The client has gone.
        }
    }

    public Task SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type, CancellationToken cancellationToken) =>
        WriteAsync(socket => socket.SendAsync(message, type, endOfMessage: true, cancellationToken).AsTask(), cancellationToken);

    public Task CloseAsync(WebSocketCloseStatus status, string description, CancellationToken cancellationToken) =>
        WriteAsync(socket => socket.CloseOutputAsync(status, description, cancellationToken), cancellationToken);

    /// <summary>Ends it without a word.</summary>
    public void Drop() => _dropped.TrySetResult();

    private static async Task ReceiveAsync(WebSocket socket)
    {
        byte[] buffer = new byte[1024];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
        {
        }

        if (socket.State == WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    }

    private async Task WriteAsync(Func<WebSocket, Task> write, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await write(await _opened.Task.WaitAsync(cancellationToken));
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException)
        {
            // It closed in the meantime.
        }
        finally
        {
            _sending.Release();
        }
    }
}
