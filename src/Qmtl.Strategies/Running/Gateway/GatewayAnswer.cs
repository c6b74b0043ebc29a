using System.Net;
using Qmtl.Fetching.Http;
using Qmtl.Running.Gateway.Wire;

namespace Qmtl.Running.Gateway;

/// <summary>An answer that arrived whole, or is longer than any may be. Dispose it to give its buffer back.</summary>
internal sealed class GatewayAnswer : IDisposable
{
    private readonly ResponseBody _body;

    private GatewayAnswer(ResponseBody body) => _body = body;

    public HttpStatusCode Status { get; private init; }

    public string? MediaType { get; private init; }

    /// <summary>Where a redirect leads: the server only, for the rest may hold a token.</summary>
    public string? Location { get; private init; }

    public ReadOnlyMemory<byte> Body => _body.Memory;

    public int Length => Body.Length;

    public bool IsTooLong => _body.IsTooLong;

    public bool IsSuccess => Status is >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous;

    public static async Task<GatewayAnswer> ReadAsync(HttpResponseMessage response, int longest, CancellationToken cancellationToken)
    {
        Uri? location = response.Headers.Location;
        ResponseBody body = await ResponseBody.ReadAsync(response.Content, longest, cancellationToken);
        return new GatewayAnswer(body)
        {
            Status = response.StatusCode,
            MediaType = response.Content.Headers.ContentType?.MediaType,
            Location = location is { IsAbsoluteUri: true } ? StreamAddress.Display(location) : null,
        };
    }

    public void Dispose() => _body.Dispose();
}
