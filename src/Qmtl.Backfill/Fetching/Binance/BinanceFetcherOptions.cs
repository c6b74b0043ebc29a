namespace Qmtl.Fetching.Binance;

/// <summary>How a <see cref="BinanceFetcher"/> reaches the exchange.</summary>
public sealed record BinanceFetcherOptions
{
    /// <summary>Where the REST API is. A user and password in it are ignored: the API needs none.</summary>
    /// <value><c>https://api.binance.com</c> by default.</value>
    public Uri BaseUri { get; init; } = new("https://api.binance.com");

    /// <summary>The source's name, under which emptiness is remembered.</summary>
    /// <value>Null by default: <c>binance</c> or <c>binance.us</c> for the exchanges' own hosts, <c>binance:host:port</c> for any other.</value>
    public string? Name { get; init; }

    /// <summary>How many bars one request asks for.</summary>
    /// <value>1,000 by default, the most the exchange gives; from 1.</value>
    public int BarsPerRequest { get; init; } = 1000;

    /// <summary>How long one request may take, from its start to the last byte of its answer; waiting for its turn does not count.</summary>
    /// <value>30 seconds by default.</value>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The request weight that the exchange allows an address in a minute. Requests slow down from half of it on.</summary>
    /// <value>6,000 by default, as Binance documents it; a request for candles costs 2.</value>
    public int WeightPerMinute { get; init; } = 6000;

    /// <summary>The longest time to be left alone (<c>Retry-After</c>) that requests wait for. While a longer one holds they fail at once and say until when.</summary>
    /// <value>5 minutes by default.</value>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);
}
