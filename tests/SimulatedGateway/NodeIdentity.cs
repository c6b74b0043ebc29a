using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qmtl.Simulation.Gateway;

/// <summary>The ids that a gateway expects of a DAG's nodes, computed of what the DAG says and of nothing else.</summary>
internal static class NodeIdentity
{
    private static readonly JsonSerializerOptions PlainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly HashSet<string> Excluded = new(StringComparer.OrdinalIgnoreCase)
    {
        "world", "world_id", "world_ids", "execution_world", "execution_domain", "domain", "domains", "as_of", "partition",
        "dataset_fingerprint",
    };

    private static readonly HashSet<string> ExcludedLater = new(StringComparer.OrdinalIgnoreCase)
    {
        "timestamp", "seed", "random_state", "env",
    };

    /// <summary>Of early gateways: SHA-256 over the world and the hashes.</summary>
    public static string Early(JsonNode node, string worldId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{worldId}:{Text(node, "node_type")}:{Text(node, "code_hash")}:{Text(node, "config_hash")}:{Text(node, "schema_hash")}")));

    /// <summary>Of late gateways: BLAKE3 over the node and its inputs.</summary>
    public static string Late(JsonNode node, GatewayVersion version)
    {
        JsonNode? parameters = node["params"] ?? node["config"];
        if (version == GatewayVersion.April2026 && Text(node, "node_type") == "TagQueryNode")
        {
            JsonNode? tags = node["params"]?["query_tags"] ?? node["params"]?["tags"] ?? node["tags"];
            IEnumerable<string> query = tags!.AsArray().Select(tag => tag!.GetValue<string>().Trim()).Distinct();
            parameters = new JsonObject
            {
                ["query_tags"] = new JsonArray([.. query.Order(StringComparer.Ordinal).Select(tag => JsonValue.Create(tag))]),
                ["match_mode"] = node["params"]?["match_mode"]?.GetValue<string>() ?? "any",
                ["interval"] = node["interval"]!.GetValue<long>(),
            };
        }

        IEnumerable<string> inputs = (node["inputs"] as JsonArray ?? []).Select(input => input!.GetValue<string>());
        string text = string.Join(
            '|',
            Text(node, "node_type"),
            Number(node, "interval"),
            Number(node, "period"),
            Canonical(parameters, version),
            string.Join(',', inputs.Order(StringComparer.Ordinal)),
            Text(node, "schema_compat_id").Trim(),
            Text(node, "code_hash"));
        return $"blake3:{Blake3.Hasher.Hash(Encoding.UTF8.GetBytes(text))}";
    }

    /// <summary>A field's text; empty where there is none.</summary>
    public static string Text(JsonNode node, string name) => node[name]?.GetValue<string>() ?? string.Empty;

    private static string Number(JsonNode node, string name) =>
        (node[name]?.GetValue<long>() ?? 0).ToString(CultureInfo.InvariantCulture);

    // Sorted keys, no spaces, and nothing that is of a world or a run.
    private static string Canonical(JsonNode? value, GatewayVersion version) => value switch
    {
        null => "null",
        JsonObject fields => $"{{{string.Join(',', fields
            .Where(field => !IsExcluded(field.Key, version))
            .OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => $"{JsonSerializer.Serialize(field.Key, PlainText)}:{Canonical(field.Value, version)}"))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(item => Canonical(item, version)))}]",
        _ => value.ToJsonString(PlainText),
    };

    private static bool IsExcluded(string key, GatewayVersion version) =>
        Excluded.Contains(key)
        || (version == GatewayVersion.April2026 && (ExcludedLater.Contains(key) || key.StartsWith("env_", StringComparison.OrdinalIgnoreCase)));
}
