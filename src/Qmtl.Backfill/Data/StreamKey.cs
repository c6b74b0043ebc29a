using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>Names one stream of bars: a node and an interval.</summary>
public readonly record struct StreamKey
{
    /// <summary>The longest node id that stores keep, in characters.</summary>
    public const int MaximumNodeIdLength = 1024;

    /// <summary>The stream of <paramref name="interval"/> bars of <paramref name="nodeId"/>.</summary>
    /// <exception cref="ArgumentException">The node id is blank, too long, or holds a NUL character or half a surrogate pair, which no
    /// store can keep.</exception>
    public StreamKey(string nodeId, BarInterval interval)
    {
        if (string.IsNullOrWhiteSpace(nodeId))
        {
            throw new ArgumentException("A node id is needed, for example BTCUSDT.", nameof(nodeId));
        }

        if (nodeId.Length > MaximumNodeIdLength)
        {
            throw new ArgumentException(
                $"The node id '{nodeId[..40]}…' has {nodeId.Length} characters; at most {MaximumNodeIdLength} are kept.", nameof(nodeId));
        }

        if (nodeId.Contains('\0') || !IsWellFormed(nodeId))
        {
            throw new ArgumentException(
                $"The node id '{nodeId.Replace("\0", "\\0", StringComparison.Ordinal)}' holds a NUL character or half a surrogate pair, "
                    + $"which stores cannot keep. Leave it out.",
                nameof(nodeId));
        }

        _ = interval.Number;
        NodeId = nodeId;
        Interval = interval;
    }

    /// <summary>The node's id, for example <c>BTCUSDT</c>; compared by its characters, so case counts.</summary>
    public string NodeId { get; }

    /// <summary>The length of the stream's bars.</summary>
    public BarInterval Interval { get; }

    /// <summary>Node id and interval, for example <c>BTCUSDT 1m</c>.</summary>
    public override string ToString() => $"{NodeId} {Interval}";

    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}
