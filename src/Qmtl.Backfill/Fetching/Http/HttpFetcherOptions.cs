using System.Net;
using Qmtl.Data;
using Qmtl.Fetching.Pacing;

namespace Qmtl.Fetching.Http;

/// <summary>How an exchange is reached over HTTP. What is null is as the exchange has it.</summary>
public sealed record HttpFetcherOptions
{
    /// <summary>Where the API is; the exchange's own address by default. A user and password in it are ignored.</summary>
    public Uri? BaseUri { get; init; }

    /// <summary>The source's name, under which emptiness is remembered.</summary>
    /// <value>
    /// Null by default: the exchange's for its own hosts, and with host and port, as in <c>binance:localhost:8080</c>, for any other.
    /// </value>
    public string? Name { get; init; }

    /// <summary>The exchange's word for what a stream is of; null, the default, where each node id is the symbol itself.</summary>
    public Func<StreamKey, string>? Symbol { get; init; }

    /// <summary>
    /// The key of an exchange that asks for one; null, the default, for the environment variables that its profile names.
    /// </summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>Whether files of whole months and days are taken where the exchange publishes them; true by default.</summary>
    public bool UseBulkFiles { get; init; } = true;

    /// <summary>How many bars one request asks for; from 1 to the most that the exchange gives, which is the default.</summary>
    public int? BarsPerRequest { get; init; }

    /// <summary>
    /// How long one request may take, from its start to the last byte of its answer; waiting for its turn does not count.
    /// </summary>
    /// <value>30 seconds by default.</value>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The limits that all requests to the host keep to; as the exchange documents them by default, none where empty.</summary>
    public IReadOnlyList<RateLimit>? Limits { get; init; }

    /// <summary>
    /// The longest time to be left alone (<c>Retry-After</c>) that requests wait for. While a longer one holds they fail at once and
    /// say until when.
    /// </summary>
    /// <value>5 minutes by default.</value>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);
}
