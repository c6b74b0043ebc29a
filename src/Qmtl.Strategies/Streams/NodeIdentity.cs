using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Qmtl.Streams;

/// <summary>
/// Derives the id of a node that was given none: a readable beginning and a hash over everything that makes the node different. Two
/// that differ never share an id, and the same one has the same id in every process.
/// </summary>
/// <remarks>
/// The id is the node's table as it is in every store: at most 63 bytes, small letters, digits and <c>_</c>, and no reserved beginning.
/// </remarks>
internal static class NodeIdentity
{
    // Part of the hashed text: should the text ever have to change, ids change with it knowingly.
    private const int Version = 1;

    private const int HashDigits = 32;
    private const int LongestBeginning = 30;

    /// <summary>The id of a node whose interval, period, tags and configuration are set.</summary>
    public static string Derive(Node node, NodeOptions options, IReadOnlyList<Node> inputs)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(CanonicalText(node, options, inputs)))[..HashDigits];
        return $"{Beginning(node, options.Name)}_{hash}";
    }

    // JSON tells where each part begins and ends, so that no two different nodes spell the same text.
    private static byte[] CanonicalText(Node node, NodeOptions options, IReadOnlyList<Node> inputs)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartArray();
            json.WriteNumberValue(Version);
            json.WriteStringValue(node.GetType().FullName);
            json.WriteStringValue(options.Name);
            json.WriteNumberValue(node.Interval.Number);
            json.WriteStartArray();
            foreach (Node input in inputs)
            {
                json.WriteStringValue(input.NodeId);
                json.WriteNumberValue(input.Interval.Number);
            }

            json.WriteEndArray();
            json.WriteStartArray();
            foreach (string tag in node.Tags.Order(StringComparer.Ordinal))
            {
                json.WriteStringValue(tag);
            }

            json.WriteEndArray();
            json.WriteStartObject();
            foreach ((string key, string value) in node.Configuration.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            if (node.Trigger != default)
            {
                json.WriteStringValue(node.Trigger.ToString());
            }

            if (node is not StreamInput)
            {
                // What a node computes depends on both. A stream's bars do not depend on how many of them are loaded.
                json.WriteNumberValue(node.Period);
                json.WriteStringValue(options.Function);
            }

            json.WriteEndArray();
        }

        return text.ToArray();
    }

    private static string Beginning(Node node, string? name)
    {
        string kind = node is StreamInput ? "stream" : "node";
        var beginning = new StringBuilder();
        // Ids have small letters only, and minutes are an m already.
        string interval = node.Interval.ToString().Replace("M", "mo", StringComparison.Ordinal);
        foreach (char character in string.Join('_', [kind, interval, name ?? string.Empty, .. node.Tags.Order(StringComparer.Ordinal)]))
        {
            bool isPlain = char.IsAsciiLetterOrDigit(character);
            if (isPlain || beginning[^1] != '_')
            {
                beginning.Append(isPlain ? char.ToLowerInvariant(character) : '_');
            }
        }

        beginning.Length = Math.Min(beginning.Length, LongestBeginning);
        return beginning.ToString().TrimEnd('_');
    }
}
