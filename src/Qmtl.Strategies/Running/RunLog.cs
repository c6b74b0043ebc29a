using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Telemetry.Logging;
using Qmtl.Time;

namespace Qmtl.Running;

/// <summary>
/// Writes what happens to a run as structured log events: its warm-up, its streams' absences, and its nodes' failures. Errors go by
/// message and type, as in <see cref="BackfillLog"/>.
/// </summary>
internal sealed partial class RunLog(ILogger logger)
{
    /// <summary>Writes what became of a stream's warm-up.</summary>
    public void Write(WarmupResult result)
    {
        string stream = result.Stream.ToString();
        (string node, long interval) = (result.Stream.NodeId, result.Stream.Interval.Number);
        TimeRange range = result.Range;
        switch (result.Status)
        {
            case BackfillStatus.Failed:
                WarmupFailed(stream, range, result.Error?.Message, node, interval, range.Start, range.End, result.Error?.GetType().Name);
                break;
            case BackfillStatus.Partial:
                WarmupHoles(stream, range, result.BarsMissing, result.BarsEmpty, result.BarsLoaded, node, interval, range.Start, range.End);
                break;
            default:
                WarmupComplete(
                    stream,
                    range,
                    result.BarsLoaded,
                    result.BarsWritten,
                    result.BarsEmpty,
                    node,
                    interval,
                    range.Start,
                    range.End,
                    Math.Round(result.Duration.TotalSeconds, 3));
                break;
        }
    }

    /// <summary>Writes that a node threw.</summary>
    public void Write(NodeFailedException failure) => NodeFailed(
        failure.Node.Name,
        UnixTime.Format(failure.Timestamp),
        failure.Stream.ToString(),
        failure.InnerException?.Message,
        failure.Stream.NodeId,
        failure.Stream.Interval.Number,
        failure.Timestamp, failure.InnerException?.GetType().Name);

    /// <summary>Writes that a stream that is followed is behind.</summary>
    public void FollowBehind(StreamKey stream, long bar, int untold) =>
        FollowBehind(stream, UnixTime.Format(bar), stream.NodeId, stream.Interval.Number, bar, untold);

    /// <summary>Writes that it is behind no more.</summary>
    public void FollowCaughtUp(StreamKey stream) => FollowCaughtUp(stream, stream.NodeId, stream.Interval.Number);

    /// <summary>Writes that bars of it are given up.</summary>
    public void FollowHole(StreamKey stream, TimeRangeSet missing)
    {
        TimeRange range = missing.Bounds!.Value;
        FollowHole(stream, range, missing.BarCount, stream.NodeId, stream.Interval.Number, range.Start, range.End);
    }

    /// <summary>Writes that it cannot be read.</summary>
    public void FollowAway(StreamKey stream, Exception error) =>
        FollowAway(stream, error.Message, stream.NodeId, stream.Interval.Number, error.GetType().Name);

    [LoggerMessage(
        5000,
        LogLevel.Information,
        "{stream}: warm-up of {range} complete, {bars_loaded} bars loaded, {bars_filled} of them filled, {bars_empty} do not exist.",
        EventName = "warmup.complete")]
    private partial void WarmupComplete(
        string stream,
        TimeRange range,
        long bars_loaded,
        long bars_filled,
        long bars_empty,
        string node_id,
        long interval,
        long start,
        long end,
        double duration_seconds);

    [LoggerMessage(
        5001,
        LogLevel.Warning,
        "{stream}: warm-up of {range} ended with {bars_missing} bars missing and {bars_empty} that do not exist. Nodes leave out the steps "
            + "at holes.",
        EventName = "warmup.holes")]
    private partial void WarmupHoles(
        string stream,
        TimeRange range,
        long bars_missing,
        long bars_empty,
        long bars_loaded,
        string node_id,
        long interval,
        long start,
        long end);

    [LoggerMessage(5002, LogLevel.Error, "{stream}: warm-up of {range} failed: {error}", EventName = "warmup.failed")]
    private partial void WarmupFailed(
        string stream, TimeRange range, string? error, string node_id, long interval, long start, long end, string? error_type);

    [LoggerMessage(5003, LogLevel.Error, "The node '{node}' failed at the bar of {bar} ({stream}): {error}", EventName = "node.failed")]
    private partial void NodeFailed(
        string node, string bar, string stream, string? error, string node_id, long interval, long timestamp, string? error_type);

    [LoggerMessage(5004, LogLevel.Warning, "{stream} is behind: its bar of {bar} has not come.", EventName = "follow.behind")]
    private partial void FollowBehind(StreamKey stream, string bar, string node_id, long interval, long timestamp, int untold);

    [LoggerMessage(5005, LogLevel.Information, "{stream} has caught up.", EventName = "follow.caught_up")]
    private partial void FollowCaughtUp(StreamKey stream, string node_id, long interval);

    [LoggerMessage(
        5006, LogLevel.Warning, "{stream} lacks {bars_missing} bars of {range}, and newer ones are there.", EventName = "follow.hole")]
    private partial void FollowHole(
        StreamKey stream, TimeRange range, long bars_missing, string node_id, long interval, long start, long end);

    [LoggerMessage(
        5007, LogLevel.Warning, "{stream} cannot be read at present, and is tried again until it can: {error}", EventName = "follow.away")]
    private partial void FollowAway(StreamKey stream, string error, string node_id, long interval, string error_type);
}
