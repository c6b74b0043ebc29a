using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Wire;
using Qmtl.Messages;

namespace Qmtl.Gateway.Watching;

/// <summary>One WebSocket over which the gateway sends events.</summary>
internal sealed class EventConnection : IDisposable
{
    private const int LongestReason = 200;
    private const int PieceLength = 8 * 1024;

    // Servers of WebSockets say 401 and 403 in this way once the connection stands.
    private static readonly WebSocketCloseStatus[] TokenRefusals =
    [
        WebSocketCloseStatus.PolicyViolation,
        (WebSocketCloseStatus)4401,
        (WebSocketCloseStatus)4403,
    ];

    private readonly ClientWebSocket _socket;
    private readonly ActivationSubscription _subscription;
    private readonly Uri _address;

    private EventConnection(ClientWebSocket socket, ActivationSubscription subscription, Uri address)
    {
        _socket = socket;
        _subscription = subscription;
        _address = address;
    }

    /// <summary>The server, without what could be secret in its address.</summary>
    public string Server => StreamAddress.Display(_address);

    /// <summary>
    /// Connects to the stream that a subscription names; where that fails, to its fallback. Gateways give out names that only their own
    /// network knows: where one cannot be resolved, the gateway that gave the subscription is connected to.
    /// </summary>
    /// <exception cref="EventConnectionException">None can be connected to.</exception>
    public static async Task<EventConnection> OpenAsync(
        GatewayClient client, ActivationSubscription subscription, TimeSpan keepAlive, CancellationToken cancellationToken)
    {
        var addresses = new Queue<Uri>([subscription.StreamUri, .. subscription.FallbackUri is { } fallback ? (Uri[])[fallback] : []]);
        var problems = new List<string>();
        bool unresolved = false;
        while (true)
        {
            try
            {
                return await OpenAsync(client, subscription, addresses.Dequeue(), keepAlive, cancellationToken);
            }
            catch (EventConnectionException error)
            {
                problems.Add(error.Message);
                if (error.NameUnknown && !unresolved)
                {
                    unresolved = true;
                    addresses.Enqueue(subscription.OwnUri);
                }

                if (error.TokenRefused || addresses.Count == 0)
                {
                    throw problems.Count == 1 ? error : new EventConnectionException(string.Join(' ', problems), error.TokenRefused, error);
                }
            }
        }
    }

    /// <summary>Receives messages until the connection ends.</summary>
    /// <param name="longest">The most bytes that a message may have.</param>
    /// <param name="take">Acts on a message; its memory is used again afterwards.</param>
    /// <param name="ignore">Told of messages that are not text, or too long.</param>
    /// <param name="cancellationToken">Breaks the connection.</param>
    /// <exception cref="EventConnectionException">The connection ended.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task ReceiveAsync(
        int longest, Action<ReadOnlyMemory<byte>> take, Action<string> ignore, CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>(PieceLength);
        while (true)
        {
            ValueWebSocketReceiveResult piece = await ReceivePieceAsync(message.GetMemory(PieceLength), cancellationToken);
            if (piece.MessageType == WebSocketMessageType.Close)
            {
                throw await CloseAsync(cancellationToken);
            }

            // What is too long is received to its end, and not kept.
            bool tooLong = message.WrittenCount + piece.Count > longest;
            message.Advance(tooLong ? 0 : piece.Count);
            if (tooLong && !piece.EndOfMessage)
            {
                await SkipAsync(message.GetMemory(PieceLength), cancellationToken);
            }
            else if (!piece.EndOfMessage)
            {
                continue;
            }

            if (tooLong)
            {
                ignore(string.Create(CultureInfo.InvariantCulture, $"of more than {longest} bytes"));
            }
            else if (piece.MessageType != WebSocketMessageType.Text)
            {
                ignore("that is no text");
            }
            else
            {
                take(message.WrittenMemory);
            }

            message.ResetWrittenCount();
        }
    }

    public void Dispose() => _socket.Dispose();

    private static async Task<EventConnection> OpenAsync(
        GatewayClient client, ActivationSubscription subscription, Uri address, TimeSpan keepAlive, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.SetRequestHeader("Authorization", $"Bearer {subscription.Token}");
            socket.Options.KeepAliveInterval = keepAlive;
            socket.Options.KeepAliveTimeout = keepAlive;
            socket.Options.CollectHttpResponseDetails = true;
            await client.ConnectAsync(socket, address, cancellationToken);
            return new EventConnection(socket, subscription, address);
        }
        catch (Exception error) when (error is WebSocketException or HttpRequestException or IOException or OperationCanceledException)
        {
            HttpStatusCode status = socket.HttpStatusCode;
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            string server = StreamAddress.Display(address);
            string problem = status != 0 ? string.Create(CultureInfo.InvariantCulture, $"answered {(int)status}")
                : error is OperationCanceledException ? "did not answer in time"
                : $"could not be reached ({Tell((error.InnerException ?? error).Message, subscription)})";
            throw new EventConnectionException(
                $"{server} {problem}, asked for a WebSocket.", status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, error)
            {
                NameUnknown = (
                    error as HttpRequestException
                        ?? error.InnerException as HttpRequestException)?.HttpRequestError == HttpRequestError.NameResolutionError,
            };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Tell(string text, ActivationSubscription subscription) =>
        PlainText.OneLine(text.Replace(subscription.Token, "***", StringComparison.Ordinal), LongestReason).TrimEnd('.');

    private string Tell(string text) => Tell(text, _subscription);

    private async ValueTask<ValueWebSocketReceiveResult> ReceivePieceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // A ping without an answer also ends in a cancellation.
            string problem = error is OperationCanceledException ? "it does not answer pings" : Tell(error.Message);
            throw new EventConnectionException($"The connection to {Server} broke: {problem}.", tokenRefused: false, error);
        }
    }

    private async Task SkipAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!(await ReceivePieceAsync(buffer, cancellationToken)).EndOfMessage)
        {
        }
    }

    private async Task<EventConnectionException> CloseAsync(CancellationToken cancellationToken)
    {
        WebSocketCloseStatus status = _socket.CloseStatus ?? WebSocketCloseStatus.Empty;
        string description = string.IsNullOrWhiteSpace(_socket.CloseStatusDescription)
            ? string.Empty
            : $" ({Tell(_socket.CloseStatusDescription)})";
        try
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }
        catch (Exception error) when (error is WebSocketException or IOException)
        {
            // It is closed either way.
        }

        return new EventConnectionException(
            string.Create(CultureInfo.InvariantCulture, $"{Server} closed the connection with {(int)status}{description}."),
            TokenRefusals.Contains(status));
    }
}

/// <summary>Events cannot be followed, or not any more.</summary>
internal sealed class EventConnectionException(
    string message, bool tokenRefused, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether the server does not accept the token, so that another one is needed.</summary>
    public bool TokenRefused { get; } = tokenRefused;

    /// <summary>Whether the server's name means nothing here.</summary>
    public bool NameUnknown { get; init; }
}
