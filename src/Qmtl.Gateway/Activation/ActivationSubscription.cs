using System.Text.Json;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway.Activation;

/// <summary>A gateway's permission to follow its events. Addresses and token are not public, so that no display shows them.</summary>
public sealed class ActivationSubscription
{
    private ActivationSubscription(Uri streamUri, Uri? fallbackUri, Uri ownUri, string token)
    {
        StreamUri = streamUri;
        FallbackUri = fallbackUri;
        OwnUri = ownUri;
        Token = token;
    }

    /// <summary>The server of the events, without what could be secret in its address, for example <c>wss://gateway:443</c>.</summary>
    public string Server => StreamAddress.Display(StreamUri);

    /// <summary>What it gives events of.</summary>
    public IReadOnlyList<string> Topics { get; private init; } = [];

    /// <summary>When its token expires (UTC), where the gateway said.</summary>
    public DateTimeOffset? ExpiresAt { get; private init; }

    internal Uri StreamUri { get; }

    internal Uri? FallbackUri { get; }

    /// <summary>Where the gateway that gave it serves events, by the address at which it was reached.</summary>
    internal Uri OwnUri { get; }

    internal string Token { get; }

    /// <summary>Server and expiry.</summary>
    public override string ToString() => ExpiresAt is { } expiry ? $"{Server} until {expiry:yyyy-MM-dd'T'HH:mm:ss'Z'}" : Server;

    /// <summary>Reads the gateway's answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="ownUri">Where the gateway itself serves events.</param>
    /// <exception cref="FormatException">It is no such answer.</exception>
    internal static ActivationSubscription Read(JsonElement answer, Uri ownUri)
    {
        answer.RequireObject();
        string token = answer.RequireText("token");
        if (token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new FormatException("a 'token' with characters that no header may hold");
        }

        return new ActivationSubscription(
            StreamAddress.Read("stream_url", answer.RequireText("stream_url")),
            answer.TextOrNull("fallback_url") is { Length: > 0 } fallback ? StreamAddress.Read("fallback_url", fallback) : null,
            ownUri,
            token)
        {
            Topics = ReadTopics(answer),
            ExpiresAt = answer.InstantOrNull("expires_at"),
        };
    }

    private static IReadOnlyList<string> ReadTopics(JsonElement answer) => !answer.TryGetField("topics", out JsonElement topics)
        ? []
        : topics.ValueKind == JsonValueKind.Array && topics.EnumerateArray().All(topic => topic.ValueKind == JsonValueKind.String)
            ? [.. topics.EnumerateArray().Select(topic => topic.GetString()!)]
            : throw JsonFields.Unexpected("topics", topics, "a list of texts");
}
