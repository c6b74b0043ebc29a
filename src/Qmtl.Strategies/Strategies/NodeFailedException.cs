using Qmtl.Data;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies;

/// <summary>
/// A node could not compute. The message names the node and the bar; <see cref="Exception.InnerException"/> is what it threw.
/// </summary>
public sealed class NodeFailedException : Exception
{
    /// <summary>A failure of <paramref name="node"/> at a bar of <paramref name="stream"/>.</summary>
    /// <param name="node">The node.</param>
    /// <param name="stream">The stream whose bar was being processed.</param>
    /// <param name="timestamp">The bar's open: Unix seconds, UTC.</param>
    /// <param name="cause">What the node threw.</param>
    public NodeFailedException(Node node, StreamKey stream, long timestamp, Exception cause)
        : base($"The node '{node?.Name}' failed at the bar of {UnixTime.Format(timestamp)} ({stream}): {cause?.Message}", cause)
    {
        Node = node!;
        Stream = stream;
        Timestamp = timestamp;
    }

    /// <summary>The node that failed.</summary>
    public Node Node { get; }

    /// <summary>The stream whose bar was being processed.</summary>
    public StreamKey Stream { get; }

    /// <summary>The bar's open: Unix seconds, UTC.</summary>
    public long Timestamp { get; }
}
