using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Qmtl.Gateway.Wire;
using Qmtl.Messages;

namespace Qmtl.Gateway;

/// <summary>Says what an answer means that is not the one hoped for.</summary>
internal static class GatewayErrors
{
    private const int LongestDetail = 300;

    /// <summary>The error of an answer with an error status.</summary>
    /// <param name="question">Who was asked for what, for example <c>The gateway http://host, asked for the activation of 'w'</c>.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="submits">Whether it was asked to take a strategy, which gives some statuses a meaning of their own.</param>
    /// <param name="password">What must not be shown even where the gateway repeats it; null for nothing.</param>
    public static GatewayException FromStatus(string question, GatewayAnswer answer, bool submits, string? password)
    {
        (string detail, string? strategyId, (int, string)? expected) = ReadDetail(answer);
        if (!string.IsNullOrEmpty(password))
        {
            detail = detail.Replace(password, "***", StringComparison.Ordinal);
        }

        detail = PlainText.OneLine(detail, LongestDetail);
        (GatewayErrorKind kind, string wayOut) = Explain(answer, submits);
        string said = detail.Length == 0 ? string.Empty : $" ({detail})";
        return new GatewayException(
            kind, string.Create(CultureInfo.InvariantCulture, $"{question}, answered {(int)answer.Status}{said}. {wayOut}"))
        {
            Status = (int)answer.Status,
            RetryAfter = answer.RetryAfter,
            Detail = detail,
            StrategyId = kind == GatewayErrorKind.DuplicateStrategy ? strategyId : null,
            ExpectedId = expected,
        };
    }

    /// <summary>The error of an answer whose status is fine and whose body is not.</summary>
    /// <param name="question">Who was asked for what.</param>
    /// <param name="answer">The answer. Its body is not shown, for it may hold a token.</param>
    /// <param name="problem">What is there instead, for example <c>no 'token'</c>.</param>
    /// <param name="cause">The cause.</param>
    public static GatewayException FromBody(string question, GatewayAnswer answer, string problem, Exception? cause = null) =>
        new(
            GatewayErrorKind.BadAnswer,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{question}, answered {(int)answer.Status} with {problem} ({answer.MediaType ?? "no content type"}, {answer.Length} "
                    + $"bytes). Check that a QMTL gateway of this contract answers there, and no proxy in its place."),
            cause)
        {
            Status = (int)answer.Status,
        };

    private static (GatewayErrorKind Kind, string WayOut) Explain(GatewayAnswer answer, bool submits) => answer.Status switch
    {
        HttpStatusCode.NoContent =>
            (GatewayErrorKind.Refused, $"It is degraded (STATIC) and answers nobody just now. Try again {Wait(answer)}."),
        HttpStatusCode.ServiceUnavailable when submits => (
            GatewayErrorKind.Refused,
            $"It is degraded (MINIMAL), or a service that it needs is away, and takes no strategies just now. Try again {Wait(answer)}."),
        HttpStatusCode.Conflict when submits =>
            (GatewayErrorKind.DuplicateStrategy, "The strategy has been submitted before. Stop that run, or change the strategy."),
        HttpStatusCode.UnprocessableContent =>
            (GatewayErrorKind.InvalidPayload, "It finds the request invalid, so asking again does not help."),
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
            (GatewayErrorKind.Unauthorized, "It does not accept the credentials, or they have expired. Renew them."),
        >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => (GatewayErrorKind.Refused, answer.Location is { } target
            ? $"It sends to {target}, and redirects are not followed. If that is the gateway, give its address."
            : "It sends elsewhere, and redirects are not followed. Give the gateway's own address."),
        HttpStatusCode.NotFound =>
            (GatewayErrorKind.Refused,
                "It does not know this, or no gateway is at this address. Check the address, the world and the strategy."),
        >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout =>
            (GatewayErrorKind.Refused, "The fault is on its side and may pass."),
        < HttpStatusCode.Ambiguous =>
            (GatewayErrorKind.Refused, "The contract has 202 for a strategy that was taken. Check that a QMTL gateway answers there."),
        _ => (GatewayErrorKind.Refused, "It refuses the request itself, so asking again does not help."),
    };

    private static string Wait(GatewayAnswer answer) => answer.RetryAfter is { } wait
        ? string.Create(CultureInfo.InvariantCulture, $"in {wait.TotalSeconds} s")
        : "later";

    // {"detail": "…"}, {"detail": {"code": …}} or {"detail": [{"msg": …}]}, as FastAPI words it.
    private static (string Words, string? StrategyId, (int Index, string Expected)? ExpectedId) ReadDetail(GatewayAnswer answer)
    {
        try
        {
            return GatewayJson.Read(answer.Body, static root => root.ValueKind == JsonValueKind.Object && root.TryGetField(
                "detail", out JsonElement detail)
                ? detail.ValueKind == JsonValueKind.Object ? ReadObject(detail)
                    : (detail.ValueKind == JsonValueKind.String ? detail.GetString()! : detail.GetRawText(), null, null)
                : (root.GetRawText(), null, null));
        }
        catch (FormatException)
        {
            ReadOnlySpan<byte> beginning = answer.Body.Span[..Math.Min(answer.Body.Length, 4 * LongestDetail)];
            return (answer.MediaType == "text/html" ? "a web page" : Encoding.UTF8.GetString(beginning), null, null);
        }
    }

    private static (string Words, string? StrategyId, (int Index, string Expected)? ExpectedId) ReadObject(JsonElement detail)
    {
        (int, string)? expected = detail.TryGetField("node_id_mismatch", out JsonElement mismatches)
            && mismatches.ValueKind == JsonValueKind.Array
            && mismatches.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } mismatch
                ? ((int)(mismatch.NumberOrNull("index") ?? -1), mismatch.TextOrNull("expected") ?? string.Empty)
                : null;
        return (detail.GetRawText(), detail.TextOrNull("strategy_id"), expected);
    }
}
