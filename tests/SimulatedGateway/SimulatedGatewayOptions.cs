using System.Text.Json.Nodes;

namespace Qmtl.Simulation.Gateway;

/// <summary>How a <see cref="SimulatedGateway"/> behaves.</summary>
public sealed record SimulatedGatewayOptions
{
    /// <summary>Which version of the real gateway it is: it makes that one's checks, and answers in its words.</summary>
    /// <value>The latest by default.</value>
    public GatewayVersion Version { get; init; } = GatewayVersion.April2026;

    /// <summary>Says which queues the nodes of a strategy have: queues, topics, or lists of them, by node id or partition key.</summary>
    /// <value>Null by default: none.</value>
    public Func<SubmittedStrategy, JsonObject>? QueueMap { get; init; }

    /// <summary>Why every strategy is downgraded; null for none.</summary>
    /// <value>Null by default.</value>
    public string? DowngradeReason { get; init; }

    /// <summary>Whether the gateway runs in safe mode.</summary>
    /// <value>False by default.</value>
    public bool SafeMode { get; init; }

    /// <summary>How long the tokens of subscriptions are valid.</summary>
    /// <value>1 hour by default.</value>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The <c>Authorization</c> header that every request but the WebSocket's must have; others are answered with 401.</summary>
    /// <value>Null by default: none is needed.</value>
    public string? RequiredAuthorization { get; init; }

    /// <summary>Whether each WebSocket is told of both sides when it connects, as late versions do.</summary>
    /// <value>False by default, so that a test says what is told.</value>
    public bool GreetsConnections { get; init; }

    /// <summary>
    /// Whether WebSockets answer pings, and the client's wish to close. Where not, they are as dead as behind a cut cable.
    /// </summary>
    /// <value>True by default.</value>
    public bool AnswersPings { get; init; } = true;

    /// <summary>How long each answer takes, at least.</summary>
    /// <value>Zero by default.</value>
    public TimeSpan Latency { get; init; }

    /// <summary>The clock of tokens and latency.</summary>
    /// <value>The system's by default.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
