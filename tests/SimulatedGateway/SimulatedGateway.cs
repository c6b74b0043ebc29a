using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Gateway;

/// <summary>
/// A QMTL gateway on loopback: takes strategies, says what they may do, and tells of changes over WebSockets, with any fault on demand.
/// </summary>
public sealed class SimulatedGateway : IAsyncDisposable
{
    private readonly SimulatedGatewayOptions _options;
    private readonly StrategiesEndpoint _strategies;
    private readonly EventHub _hub;
    private readonly RequestLog _log;
    private readonly LoopbackServer _server;
    private readonly ConcurrentDictionary<(string WorldId, string Side), SimulatedActivation> _activations = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new(StringComparer.Ordinal);
    private int _tokenCount;

    private SimulatedGateway(SimulatedGatewayOptions options)
    {
        _options = options;
        _strategies = new StrategiesEndpoint(options);
        _hub = new EventHub(options.AnswersPings);
        _log = new RequestLog(options.TimeProvider);
        _server = new LoopbackServer(ServeAsync, compress: false);
        StreamUrl = $"ws://{BaseUri.Authority}/ws/evt";
    }

    /// <summary>Where it listens, for example <c>http://127.0.0.1:40123/</c>.</summary>
    public Uri BaseUri => _server.BaseUri;

    /// <summary>What goes wrong; nothing by default.</summary>
    public GatewayFaults Faults { get; } = new();

    /// <summary>The strategies it took.</summary>
    public IReadOnlyList<SubmittedStrategy> Strategies => _strategies.Strategies;

    /// <summary>How many WebSockets are connected.</summary>
    public int ConnectionCount => _hub.Count;

    /// <summary>The <c>stream_url</c> of subscriptions.</summary>
    /// <value>Its own address by default. Real gateways give <c>wss://gateway/ws/evt</c>, a name that nobody else resolves.</value>
    public string StreamUrl { get; set; }

    /// <summary>The <c>fallback_url</c> of subscriptions.</summary>
    /// <value>Null by default.</value>
    public string? FallbackUrl { get; set; }

    /// <summary>How much it still does.</summary>
    public GatewayLevel Level { get; set; }

    /// <summary>Whether what it says of activations is what it knew earlier.</summary>
    public bool IsStale { get; set; }

    /// <summary>Starts a gateway on a free port of 127.0.0.1.</summary>
    /// <param name="options">How it behaves; defaults where null.</param>
    public static SimulatedGateway Start(SimulatedGatewayOptions? options = null) => new(options ?? new SimulatedGatewayOptions());

    /// <summary>The requests that a route has received, in order; also those that went wrong or are not answered yet.</summary>
    public IReadOnlyList<SimulatedGatewayRequest> GetRequests(GatewayRoute route) => _log.Get(route);

    /// <summary>Waits until a route has received a number of requests.</summary>
    /// <param name="route">The route.</param>
    /// <param name="count">How many since the gateway started.</param>
    public Task WaitForRequestsAsync(GatewayRoute route, int count) => _log.WaitAsync(route, count);

    /// <summary>Sets what is answered about a world, without telling anybody.</summary>
    public void SetActivation(string worldId, SimulatedActivation activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        if (_options.Version == GatewayVersion.August2025)
        {
            // One document for the world, whatever it is about.
            _activations[(worldId, string.Empty)] = activation;
            return;
        }

        foreach (string side in activation.Side == "all" ? (string[])["long", "short"] : [activation.Side])
        {
            _activations[(worldId, side)] = activation with { Side = side };
        }
    }

    /// <summary>Sets what is answered about a world, and tells all WebSockets.</summary>
    public Task ActivateAsync(string worldId, SimulatedActivation activation)
    {
        SetActivation(worldId, activation);
        return TellAsync(worldId, activation);
    }

    /// <summary>Tells all WebSockets of a world, whatever is answered about it.</summary>
    public Task TellAsync(string worldId, SimulatedActivation activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        return PublishAsync("activation_updated", EventOf(worldId, activation));
    }

    /// <summary>Sends an event to all WebSockets.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="data">Its payload.</param>
    public Task PublishAsync(string name, JsonObject data) => SendAsync(Envelope(name, data).ToJsonString());

    /// <summary>Sends any text to all WebSockets.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    /// <summary>Sends a message to all WebSockets.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type) => _hub.SendAsync(message, type, CancellationToken.None);

    /// <summary>Closes all WebSockets as the protocol has it.</summary>
    /// <param name="status">The status.</param>
    /// <param name="description">The reason.</param>
    public Task CloseConnectionsAsync(WebSocketCloseStatus status, string description = "") => _hub.CloseAsync(status, description, CancellationToken.None);

    /// <summary>Cuts off all WebSockets without a word.</summary>
    public void DropConnections() => _hub.Drop();

    /// <summary>Accepts no token any more that was given out so far; what is connected stays.</summary>
    public void ExpireTokens() => _tokens.Clear();

    /// <summary>Stops listening and closes every connection.</summary>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<Answer> ServeAsync(LoopbackRequest request, CancellationToken cancellationToken)
    {
        if (RouteOf(request) is not { } route)
        {
            return JsonAnswer.Error(404, "Not Found");
        }

        SimulatedGatewayRequest logged = _log.Add(route, request);
        if (Level == GatewayLevel.Static)
        {
            return new Answer(204, default) { RetryAfter = TimeSpan.FromSeconds(30) };
        }

        if (Level == GatewayLevel.Minimal && route == GatewayRoute.Strategies)
        {
            return new Answer(503, default);
        }

        GatewayFault? fault = Faults[route].Next(logged);
        if (_options.Latency > TimeSpan.Zero)
        {
            await Task.Delay(_options.Latency, _options.TimeProvider, cancellationToken);
        }

        switch (fault?.Kind)
        {
            case GatewayFaultKind.Stall:
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                break;
            case GatewayFaultKind.ConnectionReset:
                return new Answer(500, default) { Break = Simulation.Faults.SimulatedFaultKind.ConnectionReset };
            case GatewayFaultKind.Status:
                return new Answer(fault.StatusCode, Encoding.UTF8.GetBytes(fault.Content), fault.ContentType)
                {
                    Headers = fault.Location is { } location ? new Dictionary<string, string> { ["Location"] = location } : [],
                };
        }

        Answer answer = AnswerTo(route, request);
        await (fault?.Until.WaitAsync(cancellationToken) ?? Task.CompletedTask);
        return Spoil(fault, answer);
    }

    private static GatewayRoute? RouteOf(LoopbackRequest request) => (request.Method, request.Path.Split('/')) switch
    {
        ("POST", ["", "strategies"]) => GatewayRoute.Strategies,
        ("POST", ["", "strategies", "dry-run"]) => GatewayRoute.DryRun,
        ("GET", ["", "worlds", _, "activation"]) => GatewayRoute.Activation,
        ("POST", ["", "events", "subscribe"]) => GatewayRoute.Subscribe,
        ("GET", ["", "ws"] or ["", "ws", "evt"]) => GatewayRoute.Stream,
        _ => null,
    };

    private static Answer Spoil(GatewayFault? fault, Answer answer)
    {
        switch (fault?.Kind)
        {
            case GatewayFaultKind.HalfBody:
                return answer with { Break = Simulation.Faults.SimulatedFaultKind.HalfBody };
            case GatewayFaultKind.LongBody:
                byte[] spaces = new byte[fault.Length];
                spaces.AsSpan().Fill((byte)' ');
                return answer with { Body = spaces };
            case GatewayFaultKind.WithoutFields when answer.Body.Length > 0:
                JsonObject body = JsonNode.Parse(answer.Body.Span)!.AsObject();
                foreach (string field in fault.Fields)
                {
                    body.Remove(field);
                }

                return JsonAnswer.Of(answer.Status, body);
            default:
                return answer;
        }
    }

    private Answer AnswerTo(GatewayRoute route, LoopbackRequest request)
    {
        if (route != GatewayRoute.Stream && _options.RequiredAuthorization is { } required && request.Header("Authorization") != required)
        {
            return JsonAnswer.Error(401, "Not authenticated");
        }

        return route switch
        {
            GatewayRoute.Strategies => _strategies.AnswerTo(request, isDryRun: false),
            GatewayRoute.DryRun when _options.Version == GatewayVersion.August2025 => JsonAnswer.Error(404, "Not Found"),
            GatewayRoute.DryRun => _strategies.AnswerTo(request, isDryRun: true),
            GatewayRoute.Activation => Activation(request),
            GatewayRoute.Subscribe => Subscribe(),
            _ => Connect(request),
        };
    }

    private Answer Activation(LoopbackRequest request)
    {
        string worldId = Uri.UnescapeDataString(request.Path.Split('/')[2]);
        bool isEarly = _options.Version == GatewayVersion.August2025;
        if (!isEarly && (request.Parameters["side"] is not ("long" or "short") || string.IsNullOrEmpty(request.Parameters["strategy_id"])))
        {
            return JsonAnswer.Error(422, "side and strategy_id are needed");
        }

        if (!_activations.TryGetValue((worldId, isEarly ? string.Empty : request.Parameters["side"]!), out SimulatedActivation? activation))
        {
            return isEarly
                ? new Answer(500, "Internal Server Error"u8.ToArray(), "text/plain")
                : JsonAnswer.Error(404, "activation not found");
        }

        Answer answer = JsonAnswer.Of(200, activation.ToJson());
        var stale = new Dictionary<string, string> { ["Warning"] = "110 - \"Response is stale\"", ["X-Stale"] = "true" };
        return IsStale ? answer with { Headers = stale } : answer;
    }

    private Answer Subscribe()
    {
        string token = string.Create(CultureInfo.InvariantCulture, $"token-{Interlocked.Increment(ref _tokenCount)}");
        DateTimeOffset expiry = _options.TimeProvider.GetUtcNow() + _options.TokenLifetime;
        _tokens[token] = expiry;
        return JsonAnswer.Of(200, new JsonObject
        {
            ["stream_url"] = StreamUrl,
            ["token"] = token,
            ["topics"] = new JsonArray("activation"),
            ["expires_at"] = expiry.ToString("o", CultureInfo.InvariantCulture),
            ["fallback_url"] = FallbackUrl,
        });
    }

    private Answer Connect(LoopbackRequest request)
    {
        if (request.Header("Authorization") is not ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token]
            || !_tokens.TryGetValue(token, out DateTimeOffset expiry)
            || _options.TimeProvider.GetUtcNow() >= expiry)
        {
            return JsonAnswer.Error(401, "The token is not known or has expired.");
        }

        return _hub.Accept(request, _options.GreetsConnections
            ? [.. _activations.Select(known => Envelope("activation_updated", EventOf(known.Key.WorldId, known.Value)).ToJsonString())]
            : []);
    }

    private JsonObject EventOf(string worldId, SimulatedActivation activation)
    {
        JsonObject data = activation.ToJson();
        data["world_id"] = worldId;
        if (_options.Version != GatewayVersion.August2025)
        {
            data["version"] = 1;
        }

        return data;
    }

    private JsonObject Envelope(string type, JsonObject data) => new()
    {
        ["specversion"] = "1.0",
        ["id"] = Guid.NewGuid().ToString(),
        ["source"] = "qmtl.gateway",
        ["type"] = type,
        ["time"] = _options.TimeProvider.GetUtcNow().ToString("o", CultureInfo.InvariantCulture),
        ["datacontenttype"] = "application/json",
        ["data"] = data,
        ["correlation_id"] = null,
    };
}
