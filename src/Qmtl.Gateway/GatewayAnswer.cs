using System.Net;
using System.Net.Http.Headers;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway;

/// <summary>An answer that arrived whole, or is longer than any may be. Dispose it to give its buffer back.</summary>
internal sealed class GatewayAnswer : IDisposable
{
    // "Response is Stale" (RFC 7234, 5.5.1).
    private const int StaleWarning = 110;

    private readonly ResponseBody _body;

    private GatewayAnswer(ResponseBody body) => _body = body;

    public HttpStatusCode Status { get; private init; }

    public string? MediaType { get; private init; }

    /// <summary>Where a redirect leads: the server only, for the rest may hold a token.</summary>
    public string? Location { get; private init; }

    /// <summary>How long the gateway asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Whether the gateway says that it repeats what it knew earlier, because it cannot ask.</summary>
    public bool IsStale { get; private init; }

    public ReadOnlyMemory<byte> Body => _body.Memory;

    public int Length => Body.Length;

    public bool IsTooLong => _body.IsTooLong;

    public bool IsSuccess => Status is >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous;

    public static async Task<GatewayAnswer> ReadAsync(
        HttpResponseMessage response, int longest, DateTimeOffset now, CancellationToken cancellationToken)
    {
        HttpResponseHeaders headers = response.Headers;
        ResponseBody body = await ResponseBody.ReadAsync(response.Content, longest, cancellationToken);
        return new GatewayAnswer(body)
        {
            Status = response.StatusCode,
            MediaType = response.Content.Headers.ContentType?.MediaType,
            Location = headers.Location is { IsAbsoluteUri: true } location ? StreamAddress.Display(location) : null,
            RetryAfter = RetryAfterHeader.Read(response, now),
            IsStale = headers.Warning.Any(warning => warning.Code == StaleWarning)
                || (headers.TryGetValues("X-Stale", out IEnumerable<string>? values)
                        && values.Contains("true", StringComparer.OrdinalIgnoreCase)),
        };
    }

    public void Dispose() => _body.Dispose();
}
