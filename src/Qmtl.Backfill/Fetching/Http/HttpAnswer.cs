using Qmtl.Messages;

namespace Qmtl.Fetching.Http;

/// <summary>
/// An answer: what matters of its head, and its body as far as a sound one goes. Dispose it to give the body's buffer back.
/// </summary>
internal sealed class HttpAnswer : IDisposable
{
    private readonly ResponseBody _body;
    private readonly string? _mediaType;

    private HttpAnswer(HttpResponseMessage response, ResponseBody body, TimeSpan? retryAfter, TimeSpan? reset)
    {
        _body = body;
        _mediaType = response.Content.Headers.ContentType?.MediaType;
        Status = (int)response.StatusCode;
        ServerTime = response.Headers.Date;
        (RetryAfter, Reset) = (retryAfter, reset);
    }

    public int Status { get; }

    /// <summary>The server's own clock when it answered, to the second; null where it does not say.</summary>
    public DateTimeOffset? ServerTime { get; }

    /// <summary>How long the head asks to be left alone; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>How long the window of the host's limit lasts; null where the head does not say.</summary>
    public TimeSpan? Reset { get; }

    public ReadOnlySpan<byte> Body => _body.Bytes;

    /// <summary>Whether the body is longer than a sound one, so that only its beginning was read.</summary>
    public bool IsTooLong => _body.IsTooLong;

    /// <summary>Reads the answer to its end, or until its body is longer than a sound one.</summary>
    /// <param name="response">The answer, of which the head has come.</param>
    /// <param name="retryAfter">How long its head asks to be left alone.</param>
    /// <param name="reset">How long, by its head, the window of the host's limit lasts.</param>
    /// <param name="longest">How many bytes a sound body has at most, unpacked.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    public static async Task<HttpAnswer> ReadAsync(
        HttpResponseMessage response, TimeSpan? retryAfter, TimeSpan? reset, int longest, CancellationToken cancellationToken) =>
        new(response, await ResponseBody.ReadAsync(response.Content, longest, cancellationToken), retryAfter, reset);

    /// <summary>Type and beginning of the body, for a message.</summary>
    public string Describe() =>
        $"{PlainText.OneLine(_mediaType ?? "no content type", 60)}, {(Body.IsEmpty ? "an empty body" : $"'{_body.Excerpt()}'")}";

    /// <inheritdoc cref="ResponseBody.Cover"/>
    public void Cover(ReadOnlySpan<byte> bytes) => _body.Cover(bytes);

    public void Dispose() => _body.Dispose();
}
