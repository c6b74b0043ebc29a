using System.Text;
using System.Text.Json;

namespace Qmtl.Simulation.Http;

/// <summary>An error as the exchange words it.</summary>
internal sealed record ApiError(int Code, string Message)
{
    public static ApiError InvalidSymbol { get; } = new(-1121, "Invalid symbol.");

    public static ApiError InvalidInterval { get; } = new(-1120, "Invalid interval.");

    public static ApiError TooManyRequests { get; } = new(
        -1003, "Too much request weight used; please use WebSocket Streams for live updates to avoid polling the API.");

    public static ApiError Missing(string parameter) =>
        new(-1102, $"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.");

    public static ApiError Illegal(string parameter, string rule) =>
        new(-1100, $"Illegal characters found in parameter '{parameter}'; legal range is '{rule}'.");

    public byte[] ToJson() => Encoding.UTF8.GetBytes($$"""{"code":{{Code}},"msg":{{JsonSerializer.Serialize(Message, JsonOptions)}}}""");

    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
