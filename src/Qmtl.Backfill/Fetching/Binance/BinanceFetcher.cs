using System.Globalization;
using Qmtl.Data;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Fetching.Binance;

/// <summary>
/// Candles of the Binance spot market over its REST API. The node id is the symbol. The payload is the whole candle: open, high,
/// low, close, volume, quote_volume, trades, taker_buy_base_volume, taker_buy_quote_volume.
/// </summary>
/// <remarks>All sources of a process share one connection pool and, by host, one <see cref="HostPacer"/>.</remarks>
public sealed class BinanceFetcher : IDataFetcher
{
    private const int MostBarsPerRequest = 1000;
    private const int RequestWeight = 2;

    private readonly BinanceFetcherOptions _options;
    private readonly HttpSource _source;

    /// <summary>A fetcher.</summary>
    /// <param name="options">How it reaches the exchange; null for the defaults.</param>
    /// <param name="timeProvider">The clock of time-outs and pauses; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range. The message names it and the range.</exception>
    public BinanceFetcher(BinanceFetcherOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new BinanceFetcherOptions();
        RequireInRange(_options);
        var limits = new HttpLimits(_options.RequestTimeout, _options.LongestPause, _options.WeightPerMinute);
        _source = new HttpSource(_options.BaseUri, BinanceApi.Instance, limits, timeProvider ?? TimeProvider.System);
        Name = _options.Name ?? NameOf(BaseUri);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Where the REST API is, without a user.</summary>
    public Uri BaseUri => _source.BaseUri;

    /// <inheritdoc cref="BinanceFetcherOptions.BarsPerRequest"/>
    public int? BarsPerRequest => _options.BarsPerRequest;

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, null, cancellationToken);

    /// <inheritdoc/>
    public Task<RawBars> FetchPacedAsync(StreamKey stream, TimeRange range, Action<TimeSpan> onWait, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, onWait, cancellationToken);

    /// <summary>Name and address, for people.</summary>
    public override string ToString() => $"{Name} ({BaseUri})";

    private async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, Action<TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        string interval = KlinesRequest.Describe(stream.Interval);
        if (range.AlignTo(stream.Interval) is not { } asked)
        {
            return RawBars.Empty;
        }

        // The limit is always the whole of it: a row beside the range must not take the place of one that was asked for.
        var columns = new KlineColumns((int)Math.Min(asked.CountBars(stream.Interval), _options.BarsPerRequest));
        Uri address = KlinesRequest.Address(BaseUri, stream.NodeId, interval, stream.Interval.TimeOf(asked), _options.BarsPerRequest);
        await ReadPageAsync(stream, address, columns, onWait, cancellationToken);
        return columns.Build();
    }

    private static void RequireInRange(BinanceFetcherOptions options)
    {
        if (options.BarsPerRequest is < 1 or > MostBarsPerRequest)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.BarsPerRequest, $"BarsPerRequest is from 1 to {MostBarsPerRequest}, the most that Binance gives.");
        }

        if (options.RequestTimeout <= TimeSpan.Zero || options.WeightPerMinute < 1 || options.LongestPause < TimeSpan.Zero)
        {
            throw new ArgumentException("RequestTimeout and WeightPerMinute must be positive, and LongestPause must not be negative.", nameof(options));
        }

        if (options.Name is { } name && string.IsNullOrWhiteSpace(name))
        {
            throw new ArgumentException("Name must not be blank. Leave it out to have one made from the address.", nameof(options));
        }
    }

    // The testnet has candles of its own, so it is not among the exchange's names.
    private static string NameOf(Uri uri) => uri.IdnHost switch
    {
        "data-api.binance.vision" => "binance",
        var host when host.EndsWith(".binance.com", StringComparison.Ordinal) => "binance",
        var host when host.EndsWith(".binance.us", StringComparison.Ordinal) => "binance.us",
        var host => string.Create(CultureInfo.InvariantCulture, $"binance:{host}:{uri.Port}"),
    };

    /// <summary>Asks for one page.</summary>
    /// <returns>How many rows the answer had, with those that could not be read.</returns>
    private Task<int> ReadPageAsync(
        StreamKey stream, Uri address, KlineColumns columns, Action<TimeSpan>? onWait, CancellationToken cancellationToken) => _source.AskAsync(
        stream,
        new HttpRequestMessage(HttpMethod.Get, address),
        RequestWeight,
        answer =>
        {
            columns.AnsweredAt = answer.ServerTime;
            return KlineReader.Read(answer.Body, columns);
        },
        onWait,
        cancellationToken);
}
