using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Simulation;

/// <summary>
/// The simulated gateway refuses what the real one refuses. The bodies are those that real gateways answered with 202, by hand and not by
/// our client.
/// </summary>
public sealed class GatewayCheckTests
{
    private const string EarlyId = "d26a19bc8f8732a61fa00cfcfaa1abae4067e09410d9a9316fbd5431fa8dee6f";
    private const string StreamId = "blake3:1b869d34a2e1217f6a01110929d3119c0e625d803cc4299cf6a017719e1d0d55";

    private static readonly string Zeros = new('0', 64);
    private static readonly string Ones = new('1', 64);

    [Theory]
    [InlineData(GatewayVersion.September2025)]
    [InlineData(GatewayVersion.April2026)]
    public async Task Late_versions_take_the_body_that_the_real_ones_took(GatewayVersion version)
    {
        Assert.Equal((202, null), await SubmitAsync(version, LateBody(_ => { }, _ => { })));
    }

    [Fact]
    public async Task The_early_version_takes_the_body_that_the_real_one_took()
    {
        JsonObject node = new()
        {
            ["node_id"] = EarlyId,
            ["node_type"] = "StreamInput",
            ["code_hash"] = Zeros,
            ["config_hash"] = Ones,
            ["schema_hash"] = Zeros,
        };

        Assert.Equal((202, null), await SubmitAsync(GatewayVersion.August2025, Body(new JsonObject { ["nodes"] = new JsonArray(node) }, new JsonObject { ["world_id"] = "w" })));
    }

    [Theory]
    [InlineData("world_id", 422, "E_WORLD_ID_DEPRECATED")]
    [InlineData("no world", 422, "E_WORLD_IDS_REQUIRED")]
    [InlineData("no schema", 400, "E_SCHEMA_INVALID")]
    [InlineData("other schema", 400, "E_SCHEMA_INVALID")]
    [InlineData("wrong crc", 400, "E_CHECKSUM_MISMATCH")]
    [InlineData("wrong id", 400, "E_NODE_ID_MISMATCH")]
    [InlineData("other params", 400, "E_NODE_ID_MISMATCH")]
    [InlineData("other period", 400, "E_NODE_ID_MISMATCH")]
    [InlineData("no compat", 400, "E_NODE_ID_FIELDS")]
    [InlineData("empty hash", 400, "E_NODE_ID_FIELDS")]
    public async Task The_latest_version_refuses(string what, int status, string code)
    {
        JsonObject body = LateBody(
            dag =>
            {
                switch (what)
                {
                    case "no schema":
                        dag.Remove("schema_version");
                        break;
                    case "other schema":
                        dag["schema_version"] = "v2";
                        break;
                }
            },
            node =>
            {
                switch (what)
                {
                    case "wrong id":
                        node["node_id"] = StreamId.Replace('1', '2');
                        break;
                    case "other params":
                        node["params"]!["id"] = "ETH";
                        break;
                    case "other period":
                        node["period"] = 6;
                        break;
                    case "no compat":
                        node.Remove("schema_compat_id");
                        break;
                    case "empty hash":
                        node["config_hash"] = "";
                        break;
                }
            });
        switch (what)
        {
            case "world_id":
                body["world_id"] = "w";
                break;
            case "no world":
                body["world_ids"] = new JsonArray(" ");
                break;
            case "wrong crc":
                body["node_ids_crc32"] = 1;
                break;
        }

        Assert.Equal((status, code), await SubmitAsync(GatewayVersion.April2026, body));
    }

    [Fact]
    public async Task What_is_of_a_world_or_a_run_does_not_count_in_an_id()
    {
        Assert.Equal((202, null), await SubmitAsync(GatewayVersion.April2026, LateBody(_ => { }, node =>
        {
            node["params"]!["seed"] = 1;
            node["params"]!["env_x"] = 1;
            node["params"]!["world_id"] = "w";
        })));
        Assert.Equal((400, "E_NODE_ID_MISMATCH"), await SubmitAsync(GatewayVersion.September2025, LateBody(_ => { }, node => node["params"]!["seed"] = 1)));
    }

    private static JsonObject LateBody(Action<JsonObject> changeDag, Action<JsonObject> changeNode)
    {
        JsonObject node = new()
        {
            ["node_id"] = StreamId,
            ["node_type"] = "StreamInput",
            ["interval"] = 60,
            ["period"] = 5,
            ["params"] = new JsonObject { ["id"] = "BTC" },
            ["inputs"] = new JsonArray(),
            ["code_hash"] = Zeros,
            ["config_hash"] = Ones,
            ["schema_hash"] = Zeros,
            ["schema_compat_id"] = "bar-v1",
        };
        changeNode(node);
        JsonObject dag = new() { ["schema_version"] = "v1", ["nodes"] = new JsonArray(node) };
        changeDag(dag);
        return Body(dag, new JsonObject { ["world_ids"] = new JsonArray("w") });
    }

    private static JsonObject Body(JsonObject dag, JsonObject worlds)
    {
        worlds["dag_json"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(dag.ToJsonString()));
        worlds["node_ids_crc32"] = System.IO.Hashing.Crc32.HashToUInt32(Encoding.UTF8.GetBytes(dag["nodes"]![0]!["node_id"]!.GetValue<string>()));
        worlds["meta"] = new JsonObject { ["execution_domain"] = "live" };
        return worlds;
    }

    private static async Task<(int Status, string? Code)> SubmitAsync(GatewayVersion version, JsonObject body)
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start(new() { Version = version });
        using var client = new HttpClient();
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync(new Uri(gateway.BaseUri, "strategies"), content);
        JsonNode? detail = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"];
        return ((int)answer.StatusCode, (detail as JsonObject)?["code"]?.GetValue<string>());
    }
}
