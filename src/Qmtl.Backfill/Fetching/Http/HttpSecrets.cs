using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Qmtl.Fetching.Http;

/// <summary>The secrets of an API's requests: an operator's credential, or the environment. They are shown nowhere.</summary>
internal sealed class HttpSecrets
{
    private readonly HttpApi _api;
    private readonly Uri _address;
    private readonly NetworkCredential? _credential;

    // What was sent, in the forms in which an answer may repeat it: as it is, as in an address, and as in JSON.
    private readonly ConcurrentDictionary<string, byte[][]> _sent = new();

    /// <param name="api">The API.</param>
    /// <param name="address">Where it is asked.</param>
    /// <param name="credential">What an operator gave; null for the environment.</param>
    /// <exception cref="ArgumentException">The API takes no credential.</exception>
    public HttpSecrets(HttpApi api, Uri address, NetworkCredential? credential)
    {
        (_api, _address, _credential) = (api, address, credential);
        if (credential is not null && api.Credential is null)
        {
            throw new ArgumentException($"{api.Title} is asked without a key. Leave the credential out.");
        }
    }

    /// <summary>The secret of a name.</summary>
    /// <exception cref="SourceException">It is not set, or would be sent over a connection that anybody can read.</exception>
    public string Get(string name)
    {
        if (_address.Scheme == Uri.UriSchemeHttp && !_address.IsLoopback)
        {
            throw new SourceException($"The key for {_api.Title} is not sent over plain http to {HttpErrors.HostOf(_address)}. Use https.")
            {
                IsUnsent = true,
            };
        }

        string? value = _credential is null ? Environment.GetEnvironmentVariable(name)
            : name == _api.Credential!.User ? _credential.UserName
            : name == _api.Credential.Password ? _credential.Password
            : Environment.GetEnvironmentVariable(name);
        string way = _api.Credential is null ? string.Empty : ", or give a credential";
        if (string.IsNullOrEmpty(value) || value.AsSpan().ContainsAny('\r', '\n'))
        {
            throw new SourceException($"{_api.Title} needs a key. Set the environment variable {name}{way}.") { IsUnsent = true };
        }

        _sent.GetOrAdd(value, static value => [.. FormsOf(value).Distinct().Select(Encoding.UTF8.GetBytes)]);
        return value;
    }

    /// <summary>Covers every secret that was sent where an answer repeats it, as some do in their errors.</summary>
    public void Cover(HttpAnswer answer)
    {
        foreach (byte[] form in _sent.Values.SelectMany(static forms => forms))
        {
            answer.Cover(form);
        }
    }

    /// <summary>A text without the secrets that were sent.</summary>
    public string Cover(string text) =>
        _sent.Keys.Aggregate(text, static (text, secret) => text.Replace(secret, "***", StringComparison.Ordinal));

    private static IEnumerable<string> FormsOf(string secret) =>
    [
        secret,
        Uri.EscapeDataString(secret),
        JsonEncodedText.Encode(secret).Value,
        JsonEncodedText.Encode(secret, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value,
        secret.Replace("/", "\\/", StringComparison.Ordinal),
    ];
}
