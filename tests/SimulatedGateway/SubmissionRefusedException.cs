using System.Text.Json.Nodes;

namespace Qmtl.Simulation.Gateway;

/// <summary>A gateway does not take a strategy.</summary>
internal sealed class SubmissionRefusedException(int status, JsonNode detail) : Exception
{
    public int Status { get; } = status;

    public JsonNode Detail { get; } = detail;

    /// <summary>A refusal with a code.</summary>
    public static SubmissionRefusedException Coded(int status, string code, string message) =>
        new(status, new JsonObject { ["code"] = code, ["message"] = message });
}
