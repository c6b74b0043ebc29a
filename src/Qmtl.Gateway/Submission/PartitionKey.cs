using System.Globalization;

namespace Qmtl.Gateway.Submission;

/// <summary>
/// A key of a queue map: a node, and where it is split up, the part of it. Written <c>node_id:interval:bucket</c>, optionally followed by
/// <c>#ck=...</c>.
/// </summary>
/// <param name="NodeId">The node's id, which may itself hold colons.</param>
/// <param name="Interval">The interval in seconds; 0 where it is missing.</param>
/// <param name="Bucket">The bucket; 0 where it is missing.</param>
/// <param name="ComputeKey">What follows <c>#ck=</c>, or null.</param>
public sealed record PartitionKey(string NodeId, long Interval, long Bucket, string? ComputeKey)
{
    private const string ComputeKeyMark = "#ck=";

    /// <summary>Reads a key of a queue map.</summary>
    /// <param name="text">The key.</param>
    /// <param name="isNode">Tells the ids of nodes. Since ids may hold colons, only they can tell where an id ends.</param>
    /// <returns>The key; null where it names no node.</returns>
    public static PartitionKey? Read(string text, Func<string, bool> isNode)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(isNode);
        if (isNode(text))
        {
            return new PartitionKey(text, 0, 0, null);
        }

        int mark = text.LastIndexOf(ComputeKeyMark, StringComparison.Ordinal);
        return (mark < 0 ? null : ReadParts(text[..mark], isNode, text[(mark + ComputeKeyMark.Length)..]))
            ?? ReadParts(text, isNode, null);
    }

    private static PartitionKey? ReadParts(string text, Func<string, bool> isNode, string? computeKey)
    {
        // The whole form first: of the nodes a and a:60, the key a:60:0 is a's.
        if (CutNumber(text) is not { } last)
        {
            return isNode(text) ? new PartitionKey(text, 0, 0, computeKey) : null;
        }

        if (CutNumber(last.Before) is { } first && isNode(first.Before))
        {
            return new PartitionKey(first.Before, first.Number, last.Number, computeKey);
        }

        return isNode(last.Before) ? new PartitionKey(last.Before, last.Number, 0, computeKey)
            : isNode(text) ? new PartitionKey(text, 0, 0, computeKey)
            : null;
    }

    /// <summary>
    /// What comes before the last colon, and the number after it: 0 where there is nothing. Null where there is no colon, or no number.
    /// </summary>
    private static (string Before, long Number)? CutNumber(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0)
        {
            return null;
        }

        ReadOnlySpan<char> digits = text.AsSpan(colon + 1);
        long number = 0;
        return digits.IsEmpty || long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            ? (text[..colon], number)
            : null;
    }
}
