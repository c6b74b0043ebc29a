using System.Text.Json;
using Qmtl.Gateway.Activation;

namespace Qmtl.Gateway.Watching;

/// <summary>Something that happened while a gateway was watched, for logs and displays. None holds a secret.</summary>
public abstract record GatewayEvent;

/// <summary>Whether, or with which weight, the strategy may act on a side has changed.</summary>
/// <param name="Activation">What holds now.</param>
public sealed record ActivationChanged(SideActivation Activation) : GatewayEvent;

/// <summary>The gateway did not say, when it was asked, whether the strategy may act on a side. It is asked again.</summary>
/// <param name="Side">The side.</param>
/// <param name="Error">Why.</param>
public sealed record ActivationNotAnswered(ActivationSide Side, GatewayException Error) : GatewayEvent;

/// <summary>The gateway's events are followed.</summary>
/// <param name="Server">The server they come from, for example <c>wss://gateway:443</c>.</param>
public sealed record Connected(string Server) : GatewayEvent;

/// <summary>The gateway's events are not followed any more, or an attempt to follow them failed.</summary>
/// <param name="Reason">Why.</param>
/// <param name="RetryDelay">How long until the next attempt.</param>
public sealed record Disconnected(string Reason, TimeSpan RetryDelay) : GatewayEvent;

/// <summary>What the gateway said was not followed. A warning.</summary>
/// <param name="Reason">Why.</param>
public sealed record MessageIgnored(string Reason) : GatewayEvent;

/// <summary>The gateway made or changed a queue of results.</summary>
/// <param name="Name"><c>queue_created</c> or <c>queue_update</c>.</param>
/// <param name="Data">The payload.</param>
public sealed record QueueUpdated(string Name, JsonElement Data) : GatewayEvent;

/// <summary>The gateway changed the weight of a version of the strategy.</summary>
/// <param name="SentinelId">The node that marks the version; null where the gateway left it out.</param>
/// <param name="Weight">The weight, as the gateway gave it; null where it left it out.</param>
/// <param name="Data">The payload.</param>
public sealed record SentinelWeight(string? SentinelId, double? Weight, JsonElement Data) : GatewayEvent;
