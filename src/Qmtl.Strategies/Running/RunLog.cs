using Microsoft.Extensions.Logging;
using Qmtl.Running.Gateway;
using Qmtl.Running.Gateway.Watching;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Telemetry.Logging;
using Qmtl.Time;

namespace Qmtl.Running;

/// <summary>Writes what happens to a run as structured log events: its warm-up, its nodes' failures, and its gateway. Errors go by message and type, as in <see cref="BackfillLog"/>.</summary>
internal sealed partial class RunLog(ILogger logger)
{
    /// <summary>Writes what became of a stream's warm-up.</summary>
    public void Write(WarmupResult result)
    {
        string stream = result.Stream.Key.ToString();
        (string node, long interval) = (result.Stream.NodeId, result.Stream.Interval.Number);
        TimeRange range = result.Range;
        switch (result.Status)
        {
            case WarmupStatus.Failed:
                WarmupFailed(stream, range, result.Error?.Message, node, interval, range.Start, range.End, result.Error?.GetType().Name);
                break;
            case WarmupStatus.Incomplete:
                WarmupHoles(stream, range, result.BarsMissing, result.BarsEmpty, result.BarsLoaded, node, interval, range.Start, range.End);
                break;
            default:
                WarmupComplete(stream, range, result.BarsLoaded, result.BarsFilled, result.BarsEmpty, node, interval, range.Start, range.End, Math.Round(result.Duration.TotalSeconds, 3));
                break;
        }
    }

    /// <summary>Writes that a node threw.</summary>
    public void Write(NodeFailedException failure) => NodeFailed(
        failure.Node.Name, UnixTime.Format(failure.Timestamp), failure.Stream.ToString(), failure.InnerException?.Message, failure.Stream.NodeId, failure.Stream.Interval.Number,
        failure.Timestamp, failure.InnerException?.GetType().Name);

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

    [LoggerMessage(
        LogEventIds.WarmupComplete, LogLevel.Information, "{stream}: warm-up of {range} complete, {bars_loaded} bars loaded, {bars_filled} of them filled, {bars_empty} do not exist.",
        EventName = LogEventNames.WarmupComplete)]
    private partial void WarmupComplete(
        string stream, TimeRange range, long bars_loaded, long bars_filled, long bars_empty, string node_id, long interval, long start, long end, double duration_seconds);

    [LoggerMessage(
        LogEventIds.WarmupHoles, LogLevel.Warning, "{stream}: warm-up of {range} ended with {bars_missing} bars missing and {bars_empty} that do not exist. Nodes leave out the steps at holes.",
        EventName = LogEventNames.WarmupHoles)]
    private partial void WarmupHoles(string stream, TimeRange range, long bars_missing, long bars_empty, long bars_loaded, string node_id, long interval, long start, long end);

    [LoggerMessage(LogEventIds.WarmupFailed, LogLevel.Error, "{stream}: warm-up of {range} failed: {error}", EventName = LogEventNames.WarmupFailed)]
    private partial void WarmupFailed(string stream, TimeRange range, string? error, string node_id, long interval, long start, long end, string? error_type);

    [LoggerMessage(LogEventIds.NodeFailed, LogLevel.Error, "The node '{node}' failed at the bar of {bar} ({stream}): {error}", EventName = LogEventNames.NodeFailed)]
    private partial void NodeFailed(string node, string bar, string stream, string? error, string node_id, long interval, long timestamp, string? error_type);

    [LoggerMessage(LogEventIds.GatewayConnected, LogLevel.Information, "The events of {server} are followed.", EventName = LogEventNames.GatewayConnected)]
    private partial void GatewayConnected(string server);

    [LoggerMessage(
        LogEventIds.GatewayDisconnected, LogLevel.Warning, "The gateway's events are not followed; the next attempt is in {delay_seconds} s: {reason}", EventName = LogEventNames.GatewayDisconnected)]
    private partial void GatewayDisconnected(string reason, double delay_seconds);

    [LoggerMessage(LogEventIds.GatewayActivationChanged, LogLevel.Information, "{activation}.", EventName = LogEventNames.GatewayActivationChanged)]
    private partial void GatewayActivationChanged(string activation, string side, bool allowed, double weight, string? reason);

    [LoggerMessage(LogEventIds.GatewayCircuitOpen, LogLevel.Warning, "{error}", EventName = LogEventNames.GatewayCircuitOpen)]
    private partial void GatewayCircuitOpen(string error, string side);

    [LoggerMessage(LogEventIds.GatewayNotAnswered, LogLevel.Warning, "Whether the strategy may act on the side {side} is not known: {error}", EventName = LogEventNames.GatewayNotAnswered)]
    private partial void GatewayNotAnswered(string side, string error);

    [LoggerMessage(LogEventIds.GatewayIgnored, LogLevel.Warning, "{reason}", EventName = LogEventNames.GatewayIgnored)]
    private partial void GatewayIgnored(string reason);

    [LoggerMessage(LogEventIds.GatewayQueueUpdated, LogLevel.Information, "The gateway tells of a queue ({change}): {data}", EventName = LogEventNames.GatewayQueueUpdated)]
    private partial void GatewayQueueUpdated(string change, string data);

    [LoggerMessage(LogEventIds.GatewaySentinelWeight, LogLevel.Information, "The version {sentinel} has the weight {weight}.", EventName = LogEventNames.GatewaySentinelWeight)]
    private partial void GatewaySentinelWeight(string? sentinel, double? weight);
}
