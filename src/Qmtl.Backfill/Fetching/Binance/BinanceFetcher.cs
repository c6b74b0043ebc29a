using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Fetching.Binance;

/// <summary>
/// Candles of the Binance spot market over its REST API. The node id is the symbol. The payload is the whole candle: open, high,
/// low, close, volume, quote_volume, trades, taker_buy_base_volume, taker_buy_quote_volume.
/// </summary>
/// <remarks>All fetchers of a process share one connection pool and, by host, one <see cref="HostPacer"/>.</remarks>
public sealed class BinanceFetcher : IDataFetcher
{
    private const int MostBarsPerRequest = 1000;
    private const int RequestWeight = 2;

    // A page of 1,000 candles has less than 200 kB; whatever has this much is no page.
    private const int LongestAnswer = 16 * 1024 * 1024;
    private const string UsedWeightHeader = "X-MBX-USED-WEIGHT-1M";

    // Each request has its own time-out, which a test's clock can drive.
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AutomaticDecompression = DecompressionMethods.All,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "qmtl" } },
    };

    private readonly BinanceFetcherOptions _options;
    private readonly TimeProvider _clock;
    private readonly Uri _baseUri;
    private readonly HostPacer _pacer;

    /// <summary>A fetcher.</summary>
    /// <param name="options">How it reaches the exchange; defaults where null.</param>
    /// <param name="timeProvider">The clock of time-outs and pauses; the system's where null.</param>
    /// <exception cref="ArgumentException">An option is out of its range. The message names it and the range.</exception>
    public BinanceFetcher(BinanceFetcherOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new BinanceFetcherOptions();
        _clock = timeProvider ?? TimeProvider.System;
        RequireInRange(_options);
        _baseUri = WithoutUser(_options.BaseUri);
        _pacer = HostPacer.For(_baseUri, _clock);
        Name = _options.Name ?? NameOf(_baseUri);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Where the REST API is, without a user.</summary>
    public Uri BaseUri => _baseUri;

    /// <inheritdoc cref="BinanceFetcherOptions.BarsPerRequest"/>
    public int? BarsPerRequest => _options.BarsPerRequest;

    /// <inheritdoc/>
    public async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        (string symbol, string interval) = KlinesRequest.Describe(stream);
        if (range.AlignTo(stream.Interval) is not { } asked)
        {
            return RawBars.Empty;
        }

        var columns = new KlineColumns((int)Math.Min(asked.CountBars(stream.Interval), _options.BarsPerRequest));
        TimeRange? rest = asked;
        while (rest is { } page)
        {
            long limit = Math.Min(_options.BarsPerRequest, page.CountBars(stream.Interval));
            int before = columns.Count;
            int rows = await ReadPageAsync(stream, KlinesRequest.Address(_baseUri, symbol, interval, page, limit), columns, cancellationToken);

            // Rows come in ascending order, so that a page which is not full is the last one.
            long? last = rows < limit ? null : LastInside(page, columns.Timestamps[before..]);
            long? next = last + stream.Interval.Seconds;
            rest = next <= page.End ? new TimeRange(next.Value, page.End) : null;
        }

        return columns.Build();
    }

    /// <summary>Name and address, for people.</summary>
    public override string ToString() => $"{Name} ({_baseUri})";

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

    private static Uri WithoutUser(Uri uri)
    {
        if (!uri.IsAbsoluteUri || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException("BaseUri must be an absolute http or https address, for example https://api.binance.com.", nameof(uri));
        }

        string address = uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return new Uri(address.EndsWith('/') ? address : address + '/');
    }

    // The testnet has candles of its own, so it is not among the exchange's names.
    private static string NameOf(Uri uri) => uri.IdnHost switch
    {
        "data-api.binance.vision" => "binance",
        var host when host.EndsWith(".binance.com", StringComparison.Ordinal) => "binance",
        var host when host.EndsWith(".binance.us", StringComparison.Ordinal) => "binance.us",
        var host => string.Create(CultureInfo.InvariantCulture, $"binance:{host}:{uri.Port}"),
    };

    private static long? LastInside(TimeRange page, ReadOnlySpan<long> timestamps)
    {
        long? last = null;
        foreach (long timestamp in timestamps)
        {
            if (page.Contains(timestamp) && !(timestamp < last))
            {
                last = timestamp;
            }
        }

        return last;
    }

    /// <summary>Asks for one page.</summary>
    /// <returns>How many rows the answer had, with those that could not be read.</returns>
    private async Task<int> ReadPageAsync(StreamKey stream, Uri address, KlineColumns columns, CancellationToken cancellationToken)
    {
        string question = $"{_baseUri.Authority}, asked for {stream}";
        using HostPacer.Turn turn = await _pacer.WaitAsync(RequestWeight, _options.WeightPerMinute, _options.LongestPause, cancellationToken);
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await Client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, either.Token);
            turn.UsedWeight = UsedWeight(response);
            TimeSpan? retryAfter = response.IsSuccessStatusCode ? null : BinanceErrors.RetryAfter(response, _clock);
            if (BinanceErrors.IsRateLimit(response.StatusCode) && retryAfter is { } pause)
            {
                _pacer.Pause(pause);
            }

            using ResponseBody body = await ResponseBody.ReadAsync(response.Content, LongestAnswer, either.Token);
            return response.IsSuccessStatusCode
                ? ReadRows(question, response, body, columns)
                : throw BinanceErrors.FromStatus(question, response, body, retryAfter);
        }
        catch (OperationCanceledException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new SourceException($"{question}, did not answer within {_options.RequestTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s.", error) { IsTransient = true };
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
        {
            // Of a refused certificate .NET says only that the cause tells more.
            string why = error.InnerException is AuthenticationException refused ? refused.Message : error.Message;
            throw new SourceException($"{question}, could not be reached or broke off: {why.TrimEnd('.')}.", error) { IsTransient = true };
        }
    }

    private static int ReadRows(string question, HttpResponseMessage response, ResponseBody body, KlineColumns columns)
    {
        try
        {
            return KlineReader.Read(body.Bytes, columns);
        }
        catch (JsonException error)
        {
            throw BinanceErrors.FromBody(question, response, body, error);
        }
    }

    private static int? UsedWeight(HttpResponseMessage response) =>
        response.Headers.TryGetValues(UsedWeightHeader, out IEnumerable<string>? values)
        && int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int used)
            ? used
            : null;
}
