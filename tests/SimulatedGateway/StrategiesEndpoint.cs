using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Gateway;

/// <summary>Takes strategies, with the checks of the real gateway in its version.</summary>
internal sealed class StrategiesEndpoint(SimulatedGatewayOptions options)
{
    private static readonly string[] RequiredFields = ["node_type", "code_hash", "config_hash", "schema_hash", "schema_compat_id"];

    // The DAG alone is what a strategy is known by, in whatever world.
    private readonly ConcurrentDictionary<string, SubmittedStrategy> _strategies = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Those taken so far, in the order of their ids.</summary>
    public IReadOnlyList<SubmittedStrategy> Strategies => [.. _strategies.Values.OrderBy(strategy => strategy.StrategyId.Length).ThenBy(strategy => strategy.StrategyId, StringComparer.Ordinal)];

    private bool IsEarly => options.Version == GatewayVersion.August2025;

    /// <summary>Answers a submission.</summary>
    public Answer AnswerTo(LoopbackRequest request, bool isDryRun)
    {
        try
        {
            SubmittedStrategy strategy = Read(request.Body.Span, isDryRun, out uint checksum);
            if (isDryRun)
            {
                return JsonAnswer.Of(200, Accept(strategy, checksum));
            }

            SubmittedStrategy kept = _strategies.GetOrAdd(strategy.DagJson, strategy);
            return ReferenceEquals(kept, strategy) ? JsonAnswer.Of(202, Accept(strategy, checksum))
                : IsEarly ? JsonAnswer.Error(409, new JsonObject { ["strategy_id"] = kept.StrategyId })
                : JsonAnswer.Error(409, new JsonObject { ["code"] = "E_DUPLICATE", ["strategy_id"] = kept.StrategyId });
        }
        catch (SubmissionRefusedException refusal)
        {
            return JsonAnswer.Error(refusal.Status, refusal.Detail);
        }
        catch (Exception error) when (error is FormatException or JsonException or InvalidOperationException or NullReferenceException or DecoderFallbackException)
        {
            return JsonAnswer.Error(422, new JsonArray(new JsonObject { ["loc"] = new JsonArray("body"), ["msg"] = error.Message }));
        }
    }

    private static bool Lacks(JsonNode node, IEnumerable<string> fields) => fields.Any(field => NodeIdentity.Text(node, field).Length == 0);

    private SubmittedStrategy Read(ReadOnlySpan<byte> body, bool isDryRun, out uint checksum)
    {
        JsonNode submission = JsonNode.Parse(body)!;
        checksum = submission["node_ids_crc32"]!.GetValue<uint>();
        string worldId = ReadWorld(submission);
        byte[] bytes = Convert.FromBase64String(submission["dag_json"]!.GetValue<string>());
        string dag = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        JsonNode root = JsonNode.Parse(dag)!;
        string? schema = root["schema_version"]?.GetValue<string>();
        if (!IsEarly && (schema is null ? options.Version == GatewayVersion.April2026 : schema is not ("v1" or "1" or "1.0")))
        {
            throw SubmissionRefusedException.Coded(400, "E_SCHEMA_INVALID", "schema_version is required");
        }

        JsonNode[] nodes = [.. root["nodes"]!.AsArray().Select(node => node!)];
        Check(nodes, worldId, checksum);
        return new SubmittedStrategy(
            isDryRun ? "dryrun" : string.Create(CultureInfo.InvariantCulture, $"strategy-{Interlocked.Increment(ref _count)}"),
            worldId,
            [.. nodes.Select(node => NodeIdentity.Text(node, "node_id"))],
            dag,
            submission["meta"]?.AsObject().ToJsonString() ?? "null");
    }

    private string ReadWorld(JsonNode submission)
    {
        string? worldId = submission["world_id"]?.GetValue<string>();
        string? first = (submission["world_ids"] as JsonArray)?
            .Select(world => world!.GetValue<string>())
            .FirstOrDefault(world => !string.IsNullOrWhiteSpace(world));
        return options.Version switch
        {
            GatewayVersion.April2026 when worldId is not null => throw SubmissionRefusedException.Coded(
                422, "E_WORLD_ID_DEPRECATED", "Use world_ids instead of world_id for strategy submissions."),
            GatewayVersion.April2026 when first is null => throw SubmissionRefusedException.Coded(
                422, "E_WORLD_IDS_REQUIRED", "Strategy submissions must include at least one world_ids entry."),
            GatewayVersion.August2025 => worldId ?? string.Empty,
            _ => first ?? worldId ?? string.Empty,
        };
    }

    private void Check(JsonNode[] nodes, string worldId, uint checksum)
    {
        if (!IsEarly && nodes.Any(node => Lacks(node, ["node_id", .. RequiredFields])))
        {
            throw SubmissionRefusedException.Coded(400, "E_NODE_ID_FIELDS", $"node_id validation requires {string.Join(", ", RequiredFields)}");
        }

        if (Crc32.HashToUInt32(Encoding.UTF8.GetBytes(string.Concat(nodes.Select(node => NodeIdentity.Text(node, "node_id"))))) != checksum)
        {
            const string problem = "node id checksum mismatch";
            throw IsEarly ? new SubmissionRefusedException(400, problem) : SubmissionRefusedException.Coded(400, "E_CHECKSUM_MISMATCH", problem);
        }

        var mismatches = new JsonArray();
        for (int index = 0; index < nodes.Length; index++)
        {
            string id = NodeIdentity.Text(nodes[index], "node_id");
            if (IsEarly && (NodeIdentity.Text(nodes[index], "node_type") == "TagQueryNode" || Lacks(nodes[index], RequiredFields[..4])))
            {
                continue;
            }

            string expected = IsEarly ? NodeIdentity.Early(nodes[index], worldId) : NodeIdentity.Late(nodes[index], options.Version);
            if (id != expected)
            {
                mismatches.Add(new JsonObject { ["index"] = index, ["node_id"] = id, ["expected"] = expected });
            }
        }

        if (mismatches.Count > 0)
        {
            throw new SubmissionRefusedException(400, IsEarly
                ? new JsonObject { ["node_id_mismatch"] = mismatches }
                : new JsonObject { ["code"] = "E_NODE_ID_MISMATCH", ["node_id_mismatch"] = mismatches });
        }
    }

    private JsonObject Accept(SubmittedStrategy strategy, uint checksum)
    {
        var answer = new JsonObject { ["strategy_id"] = strategy.StrategyId, ["queue_map"] = options.QueueMap?.Invoke(strategy) ?? [] };
        if (!IsEarly)
        {
            string? reason = options.DowngradeReason ?? DowngradeOf(JsonNode.Parse(strategy.MetaJson));
            answer["sentinel_id"] = $"{strategy.StrategyId}-sentinel";
            answer["node_ids_crc32"] = checksum;
            answer["downgraded"] = reason is not null;
            answer["downgrade_reason"] = reason;
            answer["safe_mode"] = options.SafeMode || (reason is not null && options.DowngradeReason is null);
        }

        return answer;
    }

    // Of the world's decision, the latest version asks its world; the one before takes what it is told.
    private string? DowngradeOf(JsonNode? meta) => options.Version != GatewayVersion.September2025 ? null
        : meta?["execution_domain"]?.GetValue<string>() switch
        {
            null or "" or "default" => "decision_unavailable",
            "backtest" or "dryrun" when meta["as_of"] is null => "missing_as_of",
            _ => null,
        };
}
