using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Gateway;

/// <summary>Takes strategies.</summary>
internal sealed class StrategiesEndpoint(SimulatedGatewayOptions options)
{
    private readonly ConcurrentDictionary<(string WorldId, string DagJson), SubmittedStrategy> _strategies = new();
    private int _count;

    /// <summary>Those taken so far, in the order of their ids.</summary>
    public IReadOnlyList<SubmittedStrategy> Strategies => [.. _strategies.Values.OrderBy(strategy => strategy.StrategyId.Length).ThenBy(strategy => strategy.StrategyId, StringComparer.Ordinal)];

    /// <summary>Answers a submission.</summary>
    public Answer AnswerTo(LoopbackRequest request)
    {
        try
        {
            SubmittedStrategy strategy = Read(request.Body.Span, out uint checksum);
            SubmittedStrategy kept = _strategies.GetOrAdd((strategy.WorldId, strategy.DagJson), strategy);
            return ReferenceEquals(kept, strategy)
                ? JsonAnswer.Of(202, Accept(strategy, checksum))
                : JsonAnswer.Error(409, new JsonObject { ["code"] = "E_DUPLICATE", ["strategy_id"] = kept.StrategyId });
        }
        catch (Exception error) when (error is FormatException or JsonException or InvalidOperationException or NullReferenceException or DecoderFallbackException)
        {
            return JsonAnswer.Error(422, $"The payload is invalid: {error.Message}");
        }
    }

    private static uint Checksum(IEnumerable<string> nodeIds) => Crc32.HashToUInt32(Encoding.UTF8.GetBytes(string.Concat(nodeIds)));

    private SubmittedStrategy Read(ReadOnlySpan<byte> body, out uint checksum)
    {
        JsonNode submission = JsonNode.Parse(body)!;
        string dag = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(submission["dag_json"]!.GetValue<string>()));
        string[] nodeIds = [.. JsonNode.Parse(dag)!["nodes"]!.AsArray().Select(node => node!["node_id"]!.GetValue<string>())];
        checksum = submission["node_ids_crc32"]!.GetValue<uint>();
        return checksum == Checksum(nodeIds)
            ? new SubmittedStrategy(
                string.Create(CultureInfo.InvariantCulture, $"strategy-{Interlocked.Increment(ref _count)}"),
                submission["world_id"]!.GetValue<string>(),
                nodeIds,
                dag,
                submission["meta"]?.ToJsonString() ?? "null")
            : throw new FormatException("node_ids_crc32 is not the checksum of the node ids.");
    }

    private JsonObject Accept(SubmittedStrategy strategy, uint checksum) => new()
    {
        ["strategy_id"] = strategy.StrategyId,
        ["queue_map"] = options.QueueMap?.Invoke(strategy) ?? [],
        ["sentinel_id"] = $"{strategy.StrategyId}-sentinel",
        ["node_ids_crc32"] = checksum,
        ["downgraded"] = options.DowngradeReason is not null,
        ["downgrade_reason"] = options.DowngradeReason,
        ["safe_mode"] = options.SafeMode,
    };
}
