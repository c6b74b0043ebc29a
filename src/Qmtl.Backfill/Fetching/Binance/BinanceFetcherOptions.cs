namespace Qmtl.Fetching.Binance;

/// <summary>How a <see cref="BinanceFetcher"/> reaches the exchange.</summary>
public sealed record BinanceFetcherOptions
{
    /// <summary>Where the REST API is.</summary>
    /// <value><c>https://api.binance.com</c> by default.</value>
    public Uri BaseUri { get; init; } = new("https://api.binance.com");

    /// <summary>The source's name, under which emptiness is remembered.</summary>
    /// <value>Null by default: <c>binance</c> for the exchange's own hosts, <c>binance:host:port</c> for any other.</value>
    public string? Name { get; init; }

    /// <summary>How many bars one request asks for.</summary>
    /// <value>1,000 by default, the most the exchange gives; from 1.</value>
    public int BarsPerRequest { get; init; } = 1000;
}
