using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Gateway.Submission;

namespace Qmtl.Unit.Gateway;

/// <summary>
/// What is submitted, against the vectors that real gateways took (their code hashes and configuration hashes are 64 zeros or ones).
/// </summary>
public sealed class StrategyDocumentTests
{
    private static readonly string Zeros = new('0', 64);
    private static readonly string Ones = new('1', 64);

    private static readonly GatewayNode Stream = new("btc", "StreamInput", "btc", 60, 5, ["spot", "btc"], [], Zeros, "BTC", Zeros, "bar-v1", PreWarmup: false);
    private static readonly GatewayNode Other = Stream with { NodeId = "other", ConfigHash = "other" };
    private static readonly GatewayNode Script = new("mean", "ScriptNode", "Mittel \"schnell\"", 60, 1, [], ["btc"], Ones, "x", Ones, "payload-v1", PreWarmup: true);

    [Fact]
    public void An_early_id_is_the_one_that_an_early_gateway_took()
    {
        Assert.Equal(
            "d26a19bc8f8732a61fa00cfcfaa1abae4067e09410d9a9316fbd5431fa8dee6f",
            NodeIds.Derive(SubmissionForm.Early, "w", Stream with { ConfigHash = Ones }, []));
    }

    [Fact]
    public void Canonical_ids_and_their_checksum_are_those_that_late_gateways_took()
    {
        string stream = NodeIds.Derive(SubmissionForm.Canonical, "w", Stream, []);
        string script = NodeIds.Derive(SubmissionForm.Canonical, "w", Script, [$"blake3:{new string('a', 64)}", stream]);

        Assert.Equal("blake3:1b869d34a2e1217f6a01110929d3119c0e625d803cc4299cf6a017719e1d0d55", stream);
        Assert.Equal("blake3:16a81c55bb8d42dfb265f661de83c09053c1edfa61ab7fe5ede94be6f6993263", script);
        Assert.Equal(2533135684u, System.IO.Hashing.Crc32.HashToUInt32(Encoding.ASCII.GetBytes(stream + script)));
    }

    [Fact]
    public void The_checksum_is_zlib_s_over_the_ids_one_after_the_other()
    {
        var document = new StrategyDocument(new StrategySubmission("w", [Stream, Script]), SubmissionForm.Canonical);

        Assert.Equal(System.IO.Hashing.Crc32.HashToUInt32(Encoding.ASCII.GetBytes(string.Concat(NodesOf(document).Select(node => node["node_id"]!.GetValue<string>())))), document.Checksum);
        Assert.Equal(document.Checksum, Body(document).GetProperty("node_ids_crc32").GetUInt32());
    }

    [Theory]
    [InlineData("id", """{"id":"id"}""")]
    [InlineData("ä😀\u2028/<&'", "{\"id\":\"ä😀\u2028/<&'\"}")]
    [InlineData("\"\\\n\r\t\b\f\u0001\u001f\u007f", "{\"id\":\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f\u007f\"}")]
    public void Parameters_are_the_text_that_python_writes(string configuration, string expected)
    {
        Assert.Equal(expected, NodeIds.Params(Stream with { ConfigHash = configuration }));
    }

    [Fact]
    public void A_query_by_tags_is_known_by_its_query()
    {
        Assert.Equal(
            """{"interval":60,"match_mode":"any","query_tags":["btc","spot"]}""",
            NodeIds.Params(Stream with { NodeType = "TagQueryNode", Tags = ["spot", " btc ", "", "spot"] }));
    }

    [Theory]
    [InlineData("config")]
    [InlineData("period")]
    [InlineData("interval")]
    [InlineData("input")]
    [InlineData("code")]
    [InlineData("schema")]
    public void Nodes_that_differ_have_different_ids(string what)
    {
        GatewayNode changed = what switch
        {
            "config" => Script with { ConfigHash = "y" },
            "period" => Script with { Period = 2 },
            "interval" => Script with { Interval = 61 },
            "code" => Script with { CodeHash = Zeros },
            "schema" => Script with { SchemaCompatId = "payload-v2" },
            _ => Script with { Inputs = ["other"] },
        };

        Assert.NotEqual(IdOfLast(Script), IdOfLast(changed));
    }

    [Fact]
    public void A_canonical_body_has_the_fields_that_late_gateways_demand()
    {
        var document = new StrategyDocument(new StrategySubmission("welt", [Stream, Script]) { Meta = new JsonObject { ["owner"] = "ops" } }, SubmissionForm.Canonical);

        JsonElement body = Body(document);
        Assert.Equal(["dag_json", "meta", "world_ids", "node_ids_crc32"], body.EnumerateObject().Select(field => field.Name));
        Assert.Equal("welt", Assert.Single(body.GetProperty("world_ids").EnumerateArray()).GetString());
        Assert.Equal("ops", body.GetProperty("meta").GetProperty("owner").GetString());
        Assert.Equal("v1", Dag(document)["schema_version"]!.GetValue<string>());
        JsonNode script = NodesOf(document)[1];
        Assert.Equal(
            [
                "node_id", "node_type", "name", "interval", "period", "params", "tags", "inputs", "code_hash", "config_hash", "schema_hash",
                "schema_compat_id", "pre_warmup",
            ],
            script.AsObject().Select(field => field.Key));
        Assert.Equal(NodesOf(document)[0]["node_id"]!.GetValue<string>(), script["inputs"]![0]!.GetValue<string>());
        Assert.Equal(("Mittel \"schnell\"", "x"), (script["name"]!.GetValue<string>(), script["params"]!["id"]!.GetValue<string>()));
    }

    [Fact]
    public void An_early_body_names_one_world_which_is_part_of_its_ids()
    {
        var one = new StrategyDocument(new StrategySubmission("one", [Stream]), SubmissionForm.Early);
        var two = new StrategyDocument(new StrategySubmission("two", [Stream]), SubmissionForm.Early);

        Assert.Equal(["dag_json", "meta", "world_id", "node_ids_crc32"], Body(one).EnumerateObject().Select(field => field.Name));
        Assert.Equal(JsonValueKind.Null, Body(one).GetProperty("meta").ValueKind);
        Assert.NotEqual(one.Nodes.Keys, two.Nodes.Keys);
    }

    [Fact]
    public void The_same_nodes_in_another_world_are_another_dag()
    {
        string Dag(string world) => Body(new StrategyDocument(new StrategySubmission(world, [Stream]), SubmissionForm.Canonical)).GetProperty("dag_json").GetString()!;

        Assert.NotEqual(Dag("one"), Dag("two"));
        Assert.Equal(Dag("one"), Dag("one"));
    }

    [Fact]
    public void What_an_older_gateway_expects_tells_its_form()
    {
        var document = new StrategyDocument(new StrategySubmission("w", [Stream, Script]), SubmissionForm.Canonical);

        Assert.Equal(SubmissionForm.Early, document.OlderForm(1, NodeIds.Derive(SubmissionForm.Early, "", Script, [])));
        Assert.Equal(SubmissionForm.Transitional, document.OlderForm(0, NodeIds.Derive(SubmissionForm.Transitional, "", Stream, [])));
        Assert.Null(document.OlderForm(0, NodeIds.Derive(SubmissionForm.Early, "", Script, [])));
        Assert.Null(document.OlderForm(2, "blake3:"));
        Assert.Null(document.OlderForm(-1, "blake3:"));
    }

    [Theory]
    [InlineData("an id that no encoder may change: <&'+/\u2028")]
    [InlineData("😀")]
    public void Any_name_survives(string name)
    {
        var document = new StrategyDocument(new StrategySubmission("w", [Stream with { Name = name }]), SubmissionForm.Canonical);

        Assert.Equal(name, NodesOf(document)[0]["name"]!.GetValue<string>());
    }

    [Fact]
    public void A_submission_that_no_gateway_can_take_is_refused_before_it_is_sent()
    {
        Assert.Contains("world id", Refusal("  ", Stream), StringComparison.Ordinal);
        Assert.Contains("'..'", Refusal("..", Stream), StringComparison.Ordinal);
        Assert.Contains("without nodes", Refusal("w"), StringComparison.Ordinal);
        Assert.Contains("'btc' has no id", Refusal("w", Stream with { NodeId = "" }), StringComparison.Ordinal);
        Assert.Contains("Two nodes have the id 'btc'", Refusal("w", Stream, Stream), StringComparison.Ordinal);
        Assert.Contains("'mean' reads 'btc', which is no node before it", Refusal("w", Script, Stream), StringComparison.Ordinal);
        Assert.Contains("which is no node before it", Refusal("w", Stream with { Inputs = ["btc"] }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Canonical")]
    [InlineData("Transitional")]
    [InlineData("Early")]
    public void Nodes_that_are_the_same_to_a_gateway_are_refused_for_it_would_take_them_silently(string form)
    {
        var submission = new StrategySubmission("w", [Stream, Stream with { NodeId = "twin", Name = "twin" }]);

        string message = Assert.Throws<ArgumentException>(() => new StrategyDocument(submission, Enum.Parse<SubmissionForm>(form))).Message;

        Assert.Contains("the nodes 'btc' and 'twin' are the same", message, StringComparison.Ordinal);
    }

    private static string Refusal(string worldId, params GatewayNode[] nodes) =>
        Assert.Throws<ArgumentException>(() => new StrategySubmission(worldId, nodes)).Message;

    private static string IdOfLast(GatewayNode node) =>
        NodesOf(new StrategyDocument(new StrategySubmission("w", [Stream, Other, node]), SubmissionForm.Canonical))[2]["node_id"]!.GetValue<string>();

    private static JsonElement Body(StrategyDocument document) => JsonDocument.Parse(document.Body).RootElement;

    private static JsonNode Dag(StrategyDocument document) =>
        JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(Body(document).GetProperty("dag_json").GetString()!)))!;

    private static JsonNode[] NodesOf(StrategyDocument document) => [.. Dag(document)["nodes"]!.AsArray().Select(node => node!)];
}
