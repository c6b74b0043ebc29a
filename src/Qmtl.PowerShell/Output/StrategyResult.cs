using System.Management.Automation;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>What one node computed for one bar.</summary>
public sealed class StrategyResult
{
    /// <summary>What a result of a run that follows a world has beside its own: the sides on which the strategy may act.</summary>
    internal const string Allowed = "Allowed";

    private readonly NodeResult _result;

    internal StrategyResult(NodeResult result) => _result = result;

    internal long Timestamp => _result.Timestamp;

    /// <summary>The node's name.</summary>
    public string Node => _result.Node.Name;

    /// <summary>The node's id.</summary>
    public string NodeId => _result.Node.NodeId;

    /// <summary>The length of the node's bars.</summary>
    public string Interval => _result.Node.Interval.ToString();

    /// <summary>The open of the bar that the result is of, UTC.</summary>
    public string Time => UnixTime.Format(_result.Timestamp);

    /// <summary>The result: a number, a bar (an object like those of Get-QmtlHistory), or whatever the node gave.</summary>
    public object? Value => _result.Payload.Kind == PayloadKind.Bar
        ? BarObjects.Of(_result.Node.Key, _result.Payload.Bar)
        : _result.Payload.ToObject();

    /// <summary>The interval itself.</summary>
    public static BarInterval? GetInterval(PSObject result) => (result?.BaseObject as StrategyResult)?._result.Node.Interval;

    /// <summary>The time itself.</summary>
    public static UtcTime? GetTime(PSObject result) =>
        result?.BaseObject is StrategyResult { Timestamp: var time } ? UtcTime.Of(time) : null;

    /// <summary>Node, bar and result, in words.</summary>
    public override string ToString() => _result.ToString();
}
