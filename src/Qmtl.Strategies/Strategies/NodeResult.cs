using System.Diagnostics.CodeAnalysis;
using Qmtl.Payloads;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies;

/// <summary>What a node computed for one bar.</summary>
/// <param name="Node">The node.</param>
/// <param name="Timestamp">The open of the bar of the node's interval that the result is of: Unix seconds, UTC.</param>
/// <param name="Payload">The result; never <see cref="Payload.None"/>.</param>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "A record struct has them.")]
public readonly record struct NodeResult(Node Node, long Timestamp, Payload Payload)
{
    /// <summary>Node, bar and result, for people.</summary>
    public override string ToString() => $"{Node?.Name} {UnixTime.Format(Timestamp)}: {Payload}";
}
