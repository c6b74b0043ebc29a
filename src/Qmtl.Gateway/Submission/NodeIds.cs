using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Blake3;

namespace Qmtl.Gateway.Submission;

/// <summary>The ids that gateways derive of nodes, and check.</summary>
internal static class NodeIds
{
    /// <summary>The id of a node.</summary>
    /// <param name="form">By whose formula.</param>
    /// <param name="worldId">The world; it counts in the early form only.</param>
    /// <param name="node">The node.</param>
    /// <param name="inputs">The ids of its inputs in the same form; they count in the canonical form only.</param>
    public static string Derive(SubmissionForm form, string worldId, GatewayNode node, IEnumerable<string> inputs) => form switch
    {
        SubmissionForm.Early => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{worldId}:{Hashes(node)}"))),
        SubmissionForm.Transitional => OfBlake3(Hashes(node)),
        _ => OfBlake3(string.Join(
            '|',
            node.NodeType,
            node.Interval.ToString(CultureInfo.InvariantCulture),
            node.Period.ToString(CultureInfo.InvariantCulture),
            Params(node),
            string.Join(',', inputs.Order(StringComparer.Ordinal)),
            node.SchemaCompatId,
            node.CodeHash)),
    };

    /// <summary>
    /// What the gateway knows a node by, as JSON to the letter as the canonical id has it: keys in order, no spaces. Of a node that
    /// queries by tags it is the query, which the gateway takes in any case.
    /// </summary>
    public static string Params(GatewayNode node)
    {
        if (!node.IsTagQuery)
        {
            return $$"""{"id":{{Quote(node.ConfigHash)}}}""";
        }

        IEnumerable<string> tags = node.Tags
            .Select(tag => tag.Trim())
            .Where(tag => tag.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"interval":{{node.Interval}},"match_mode":"any","query_tags":[{{string.Join(',', tags.Select(Quote))}}]}""");
    }

    private static string Hashes(GatewayNode node) => $"{node.NodeType}:{node.CodeHash}:{node.ConfigHash}:{node.SchemaHash}";

    private static string OfBlake3(string text) => $"blake3:{Hasher.Hash(Encoding.UTF8.GetBytes(text))}";

    // As Python's json.dumps writes it, which escapes neither what is not ASCII nor what HTML would need.
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char character in text)
        {
            _ = character switch
            {
                '"' or '\\' => quoted.Append('\\').Append(character),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\b' => quoted.Append("\\b"),
                '\f' => quoted.Append("\\f"),
                < ' ' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }
}

/// <summary>The forms in which gateways have taken strategies, the present one first.</summary>
internal enum SubmissionForm
{
    /// <summary>Since 22 September 2025: ids are BLAKE3 over the node and its inputs.</summary>
    Canonical,

    /// <summary>From 8 to 21 September 2025: ids are BLAKE3 over type and hashes.</summary>
    Transitional,

    /// <summary>Before: ids are SHA-256 over the world, type and hashes.</summary>
    Early,
}
