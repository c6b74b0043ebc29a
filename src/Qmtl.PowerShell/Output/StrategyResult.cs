using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Sweeping;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>What one node computed for one bar.</summary>
public sealed class StrategyResult
{
    /// <summary>What a result of a run that follows a world has beside its own: the sides on which the strategy may act.</summary>
    internal const string Allowed = "Allowed";

    private readonly StreamKey _key;
    private readonly Payload _payload;

    internal StrategyResult(NodeResult result)
        : this(result.Node.Name, result.Node.Key, result.Timestamp, result.Payload)
    {
    }

    internal StrategyResult(SweepValue result)
        : this(result.Node.Name, new StreamKey(result.Node.NodeId, result.Node.Interval), result.Timestamp, Payload.From(result.Value))
    {
    }

    private StrategyResult(string node, StreamKey key, long timestamp, Payload payload) =>
        (Node, _key, Timestamp, _payload) = (node, key, timestamp, payload);

    internal long Timestamp { get; }

    /// <summary>The node's name.</summary>
    public string Node { get; }

    /// <summary>The node's id.</summary>
    public string NodeId => _key.NodeId;

    /// <summary>The length of the node's bars.</summary>
    public string Interval => _key.Interval.ToString();

    /// <summary>The open of the bar that the result is of, UTC.</summary>
    public string Time => UnixTime.Format(Timestamp);

    /// <summary>The result: a number, a bar (an object like those of Get-QmtlHistory), or whatever the node gave.</summary>
    public object? Value => _payload.Kind == PayloadKind.Bar ? BarObjects.Of(_key, _payload.Bar) : _payload.ToObject();

    /// <summary>The interval itself.</summary>
    public static BarInterval? GetInterval(PSObject result) => (result?.BaseObject as StrategyResult)?._key.Interval;

    /// <summary>The time itself.</summary>
    public static UtcTime? GetTime(PSObject result) =>
        result?.BaseObject is StrategyResult { Timestamp: var time } ? UtcTime.Of(time) : null;

    /// <summary>Node, bar and result, in words.</summary>
    public override string ToString() => $"{Node} {Time}: {_payload}";
}
