using Microsoft.Extensions.Logging;
using Qmtl.Gateway.Watching;

namespace Qmtl.Gateway.Running;

/// <summary>Writes what happens at the gateway as structured log events. Errors go by message, which is written for an operator.</summary>
internal sealed partial class GatewayLog(ILogger logger)
{
    /// <summary>Writes what happened at the gateway.</summary>
    public void Write(GatewayEvent happened)
    {
        switch (happened)
        {
            case Connected connected:
                GatewayConnected(connected.Server);
                break;
            case Disconnected disconnected:
                GatewayDisconnected(disconnected.Reason, Math.Round(disconnected.RetryDelay.TotalSeconds, 3));
                break;
            case ActivationChanged { Activation: var now }:
                GatewayActivationChanged(now.ToString(), now.Side.ToString(), now.Allowed, now.Weight, now.Reason);
                break;
            case ActivationNotAnswered { Error.Kind: GatewayErrorKind.CircuitOpen } silent:
                GatewayCircuitOpen(silent.Error.Message, silent.Side.ToString());
                break;
            case ActivationNotAnswered silent:
                GatewayNotAnswered(silent.Side.ToString(), silent.Error.Message);
                break;
            case MessageIgnored ignored:
                GatewayIgnored(ignored.Reason);
                break;
            case QueueUpdated queue:
                GatewayQueueUpdated(queue.Name, queue.Data.GetRawText());
                break;
            case SentinelWeight version:
                GatewaySentinelWeight(version.SentinelId, version.Weight);
                break;
        }
    }

    [LoggerMessage(6000, LogLevel.Information, "The events of {server} are followed.", EventName = "gateway.connected")]
    private partial void GatewayConnected(string server);

    [LoggerMessage(
        6001,
        LogLevel.Warning,
        "The gateway's events are not followed; the next attempt is in {delay_seconds} s: {reason}",
        EventName = "gateway.disconnected")]
    private partial void GatewayDisconnected(string reason, double delay_seconds);

    [LoggerMessage(6002, LogLevel.Information, "{activation}.", EventName = "gateway.activation_changed")]
    private partial void GatewayActivationChanged(string activation, string side, bool allowed, double weight, string? reason);

    [LoggerMessage(6003, LogLevel.Warning, "{error}", EventName = "gateway.circuit_open")]
    private partial void GatewayCircuitOpen(string error, string side);

    [LoggerMessage(
        6004,
        LogLevel.Warning,
        "Whether the strategy may act on the side {side} is not known: {error}",
        EventName = "gateway.not_answered")]
    private partial void GatewayNotAnswered(string side, string error);

    [LoggerMessage(6005, LogLevel.Warning, "{reason}", EventName = "gateway.ignored")]
    private partial void GatewayIgnored(string reason);

    [LoggerMessage(6006, LogLevel.Information, "The gateway tells of a queue ({change}): {data}", EventName = "gateway.queue_updated")]
    private partial void GatewayQueueUpdated(string change, string data);

    [LoggerMessage(6007, LogLevel.Information, "The version {sentinel} has the weight {weight}.", EventName = "gateway.sentinel_weight")]
    private partial void GatewaySentinelWeight(string? sentinel, double? weight);
}
