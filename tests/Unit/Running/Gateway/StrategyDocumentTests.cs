using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Running.Gateway.Submission;

namespace Qmtl.Unit.Running.Gateway;

public sealed class StrategyDocumentTests
{
    private static readonly GatewayNode[] Nodes =
    [
        new("BTCUSDT:60", "StreamInput", "btc", 60, 30, ["spot", "btc"], [], "c1", "f1", "s1", PreWarmup: false),
        new("mittel-ä€", "ComputeNode", "Mittel \"schnell\"", 60, 5, [], ["BTCUSDT:60"], "c2", "f2", "s2", PreWarmup: true),
    ];

    // python3: base64.b64encode(json.dumps({"nodes": [...], "meta": {}}, separators=(",", ":"), ensure_ascii=False).encode())
    private const string DagAsPythonWritesIt =
        "eyJub2RlcyI6W3sibm9kZV9pZCI6IkJUQ1VTRFQ6NjAiLCJub2RlX3R5cGUiOiJTdHJlYW1JbnB1dCIsIm5hbWUiOiJidGMiLCJpbnRlcnZhbCI6NjAsInBl"
        + "cmlvZCI6MzAsInRhZ3MiOlsic3BvdCIsImJ0YyJdLCJpbnB1dHMiOltdLCJjb2RlX2hhc2giOiJjMSIsImNvbmZpZ19oYXNoIjoiZjEiLCJzY2hlbWFfaGFz"
        + "aCI6InMxIiwicHJlX3dhcm11cCI6ZmFsc2V9LHsibm9kZV9pZCI6Im1pdHRlbC3DpOKCrCIsIm5vZGVfdHlwZSI6IkNvbXB1dGVOb2RlIiwibmFtZSI6Ik1p"
        + "dHRlbCBcInNjaG5lbGxcIiIsImludGVydmFsIjo2MCwicGVyaW9kIjo1LCJ0YWdzIjpbXSwiaW5wdXRzIjpbIkJUQ1VTRFQ6NjAiXSwiY29kZV9oYXNoIjoi"
        + "YzIiLCJjb25maWdfaGFzaCI6ImYyIiwic2NoZW1hX2hhc2giOiJzMiIsInByZV93YXJtdXAiOnRydWV9XSwibWV0YSI6e319";

    // python3: zlib.crc32("".join(node_ids).encode())
    [Theory]
    [InlineData(3421780262, "123456789")]
    [InlineData(1706783029, "BTCUSDT:60")]
    [InlineData(414736182, "BTCUSDT:60", "mittel-ä€")]
    [InlineData(2292041554, "BTCUSDT:60", "mittel-ä€😀")]
    public void The_checksum_is_zlib_s_over_the_ids_one_after_the_other(uint expected, params string[] nodeIds)
    {
        Assert.Equal(expected, StrategyDocument.Checksum(nodeIds.Select(id => Nodes[0] with { NodeId = id })));
    }

    [Fact]
    public void The_dag_is_the_json_that_python_writes()
    {
        JsonElement body = Body(new StrategySubmission("w", Nodes));

        Assert.Equal(DagAsPythonWritesIt, body.GetProperty("dag_json").GetString());
    }

    [Fact]
    public void The_body_has_the_fields_of_the_contract()
    {
        JsonElement body = Body(new StrategySubmission("welt", Nodes) { Meta = new JsonObject { ["owner"] = "ops" } });

        Assert.Equal(["dag_json", "meta", "world_id", "node_ids_crc32"], body.EnumerateObject().Select(field => field.Name));
        Assert.Equal("welt", body.GetProperty("world_id").GetString());
        Assert.Equal("ops", body.GetProperty("meta").GetProperty("owner").GetString());
        Assert.Equal(414736182u, body.GetProperty("node_ids_crc32").GetUInt32());
    }

    [Fact]
    public void Without_meta_it_is_null()
    {
        Assert.Equal(JsonValueKind.Null, Body(new StrategySubmission("w", Nodes)).GetProperty("meta").ValueKind);
    }

    [Theory]
    [InlineData("an id that no encoder may change: <&'+/\u2028>")]
    [InlineData("😀")]
    public void Any_id_survives(string nodeId)
    {
        JsonElement body = Body(new StrategySubmission("w", [Nodes[0] with { NodeId = nodeId }]));

        string dag = Encoding.UTF8.GetString(Convert.FromBase64String(body.GetProperty("dag_json").GetString()!));
        Assert.Equal(nodeId, JsonDocument.Parse(dag).RootElement.GetProperty("nodes")[0].GetProperty("node_id").GetString());
    }

    [Fact]
    public void A_submission_that_no_gateway_can_take_is_refused_before_it_is_sent()
    {
        Assert.Contains("world id", Refusal("  ", Nodes), StringComparison.Ordinal);
        Assert.Contains("'..'", Refusal("..", Nodes), StringComparison.Ordinal);
        Assert.Contains("without nodes", Refusal("w"), StringComparison.Ordinal);
        Assert.Contains("'btc' has no id", Refusal("w", Nodes[0] with { NodeId = "" }), StringComparison.Ordinal);
        Assert.Contains("Two nodes have the id 'BTCUSDT:60'", Refusal("w", Nodes[0], Nodes[0]), StringComparison.Ordinal);
        Assert.Contains("'mittel-ä€' reads 'BTCUSDT:60', which is no node before it", Refusal("w", Nodes[1], Nodes[0]), StringComparison.Ordinal);
        Assert.Contains("which is no node before it", Refusal("w", Nodes[0] with { Inputs = ["BTCUSDT:60"] }), StringComparison.Ordinal);
    }

    private static string Refusal(string worldId, params GatewayNode[] nodes) =>
        Assert.Throws<ArgumentException>(() => new StrategySubmission(worldId, nodes)).Message;

    private static JsonElement Body(StrategySubmission submission) =>
        JsonDocument.Parse(StrategyDocument.WriteBody(submission, StrategyDocument.Checksum(submission.Nodes))).RootElement;
}
