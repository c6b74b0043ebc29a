using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Gateway;

/// <summary>The WebSockets that are connected to a gateway.</summary>
internal sealed class EventHub(bool answersPings)
{
    private const string HandshakeSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly Lock _lock = new();
    private readonly List<EventSocket> _sockets = [];

    /// <summary>How many are connected.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sockets.Count;
            }
        }
    }

    /// <summary>
    /// Answers a handshake. The connection counts from here on, so that nothing sent after the client has seen the answer misses it.
    /// </summary>
    /// <param name="request">The handshake.</param>
    /// <param name="greetings">What it is told first.</param>
    public Answer Accept(LoopbackRequest request, IReadOnlyList<string> greetings)
    {
        string key = request.Header("Sec-WebSocket-Key");
        if (key.Length == 0 || !request.Header("Upgrade").Equals("websocket", StringComparison.OrdinalIgnoreCase))
        {
            return JsonAnswer.Error(426, "This is a WebSocket.");
        }

        var socket = new EventSocket(answersPings);
        lock (_lock)
        {
            _sockets.Add(socket);
        }

        // The hash is the protocol's (RFC 6455, 4.2.2), not a protection of anything.
#pragma warning disable CA5350
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + HandshakeSuffix)));
#pragma warning restore CA5350
        return new Answer(101, default)
        {
            Headers = new Dictionary<string, string> { ["Upgrade"] = "websocket", ["Connection"] = "Upgrade", ["Sec-WebSocket-Accept"] = accept },
            Upgrade = (stream, cancellationToken) => RunAsync(socket, greetings, stream, cancellationToken),
            Abandon = () => Remove(socket),
        };
    }

    /// <summary>Sends a message to all.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type, CancellationToken cancellationToken) =>
        Task.WhenAll(Snapshot().Select(socket => socket.SendAsync(message, type, cancellationToken)));

    /// <summary>Closes all as the protocol has it.</summary>
    public Task CloseAsync(WebSocketCloseStatus status, string description, CancellationToken cancellationToken) =>
        Task.WhenAll(Snapshot().Select(socket => socket.CloseAsync(status, description, cancellationToken)));

    /// <summary>Cuts all off without a word.</summary>
    public void Drop()
    {
        foreach (EventSocket socket in Snapshot())
        {
            socket.Drop();
        }
    }

    private EventSocket[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _sockets];
        }
    }

    private async Task RunAsync(EventSocket socket, IReadOnlyList<string> greetings, Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            Task run = socket.RunAsync(stream, cancellationToken);
            foreach (string greeting in greetings)
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(greeting), WebSocketMessageType.Text, cancellationToken);
            }

            await run;
        }
        finally
        {
            Remove(socket);
        }
    }

    private void Remove(EventSocket socket)
    {
        lock (_lock)
        {
            _sockets.Remove(socket);
        }
    }
}
