using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Gateway;

/// <summary>Answers as a gateway words them.</summary>
internal static class JsonAnswer
{
    /// <summary>A document.</summary>
    public static Answer Of(int status, JsonNode body) => new(status, Encoding.UTF8.GetBytes(body.ToJsonString()), "application/json");

    /// <summary>An error.</summary>
    public static Answer Error(int status, JsonNode detail) => Of(status, new JsonObject { ["detail"] = detail });
}
