using System.Text.Json;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway.Submission;

/// <summary>What a gateway made of a strategy, or in a dry run would make of it.</summary>
public sealed record SubmissionResult
{
    internal SubmissionResult()
    {
    }

    /// <summary>The id under which the gateway knows the strategy; <c>dryrun</c> in a dry run.</summary>
    public required string StrategyId { get; init; }

    /// <summary>The queues of its nodes, and which nodes are computed elsewhere.</summary>
    public required QueueMap QueueMap { get; init; }

    /// <summary>
    /// Whether the gateway had taken the strategy before: this is the run that is there, and the rest is what a dry run says of it, where
    /// there is one.
    /// </summary>
    public bool WasKnown { get; init; }

    /// <summary>The node that marks this version of the strategy, where the gateway named it.</summary>
    public string? SentinelId { get; init; }

    /// <summary>Whether the gateway runs the strategy with less than it asked for. An operator must be shown it.</summary>
    public bool Downgraded { get; init; }

    /// <summary>Why it is downgraded, where the gateway said, for example <c>decision_unavailable</c>.</summary>
    public string? DowngradeReason { get; init; }

    /// <summary>Whether the gateway runs in safe mode. An operator must be shown it.</summary>
    public bool SafeMode { get; init; }

    /// <summary>The checksum of the node ids (CRC-32) that was sent.</summary>
    public uint NodeIdsChecksum { get; init; }

    /// <summary>
    /// Whether the gateway repeated the checksum of the node ids, so that it read the same nodes. One that repeats another checksum is an
    /// error.
    /// </summary>
    public bool NodeIdsConfirmed { get; init; }

    /// <summary>Reads the gateway's answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="sent">What was sent.</param>
    /// <exception cref="FormatException">It is no such answer.</exception>
    internal static SubmissionResult Read(JsonElement answer, StrategyDocument sent)
    {
        answer.RequireObject();
        double? repeated = answer.NumberOrNull("node_ids_crc32");
        return repeated is { } other && other != sent.Checksum
            ? throw new FormatException($"another 'node_ids_crc32' than the {sent.Checksum} that was sent, so it read other nodes")
            : new SubmissionResult
            {
                StrategyId = answer.RequireText("strategy_id"),
                QueueMap = QueueMap.Read(answer.RequireField("queue_map"), sent.Nodes),
                SentinelId = answer.TextOrNull("sentinel_id"),
                Downgraded = answer.BooleanOr("downgraded", missing: false),
                DowngradeReason = answer.TextOrNull("downgrade_reason"),
                SafeMode = answer.BooleanOr("safe_mode", missing: false),
                NodeIdsChecksum = sent.Checksum,
                NodeIdsConfirmed = repeated is not null,
            };
    }
}
