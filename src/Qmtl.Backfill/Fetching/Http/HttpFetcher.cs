using System.Globalization;
using Qmtl.Data;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Fetching.Http;

/// <summary>Candles of an exchange over its HTTP API. The node id is the symbol.</summary>
/// <remarks>All sources of a process share one connection pool and, by host, one <see cref="HostPacer"/>.</remarks>
public class HttpFetcher : IDataFetcher
{
    private readonly HttpApi _api;
    private readonly HttpSource _source;
    private readonly int _barsPerRequest;
    private readonly RequestCost _cost;

    /// <summary>A fetcher.</summary>
    /// <param name="api">The exchange.</param>
    /// <param name="options">How it is reached; null for what the exchange has.</param>
    /// <param name="timeProvider">The clock of time-outs and pauses; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range. The message names it and the range.</exception>
    internal HttpFetcher(HttpApi api, HttpFetcherOptions? options = null, TimeProvider? timeProvider = null)
    {
        options ??= new HttpFetcherOptions();
        _api = api;
        _barsPerRequest = options.BarsPerRequest ?? api.MostBarsPerRequest;
        _cost = new RequestCost(api.RequestWeight, options.Limits ?? api.Limits);
        RequireInRange(options);
        var limits = new HttpLimits(options.RequestTimeout, options.LongestPause);
        _source = new HttpSource(options.BaseUri ?? api.BaseUri, api, limits, timeProvider ?? TimeProvider.System);
        Name = options.Name ?? NameOf(BaseUri);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The exchange, for people, for example <c>Binance</c>.</summary>
    public string Exchange => _api.Title;

    /// <summary>Where the API is, without a user.</summary>
    public Uri BaseUri => _source.BaseUri;

    /// <inheritdoc cref="HttpFetcherOptions.BarsPerRequest"/>
    public int? BarsPerRequest => _barsPerRequest;

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, onWait: null, cancellationToken);

    /// <inheritdoc/>
    public Task<RawBars> FetchPacedAsync(StreamKey stream, TimeRange range, Action<TimeSpan> onWait, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, onWait, cancellationToken);

    /// <summary>Name and address, for people.</summary>
    public override string ToString() => $"{Name} ({BaseUri})";

    private async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, Action<TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        if (!_api.Intervals.TryGetValue(stream.Interval, out string? interval))
        {
            string words = string.Join(", ", _api.Intervals.Values);
            throw new SourceException($"{_api.Title} has no {stream.Interval} bars. It has {words}.") { IsUnsent = true };
        }

        if (range.AlignTo(stream.Interval) is not { } asked)
        {
            return RawBars.Empty;
        }

        int expected = (int)Math.Min(asked.CountBars(stream.Interval), _barsPerRequest);
        var page = new HttpPage(BaseUri, stream.NodeId, interval, stream.Interval.TimeOf(asked), _barsPerRequest);
        return await _source.AskAsync(
            stream, _api.Request(page), _cost, answer => _api.Read(answer, expected), onWait, cancellationToken);
    }

    private void RequireInRange(HttpFetcherOptions options)
    {
        if (_barsPerRequest < 1 || _barsPerRequest > _api.MostBarsPerRequest)
        {
            string range = $"BarsPerRequest is from 1 to {_api.MostBarsPerRequest}, the most that {_api.Title} gives.";
            throw new ArgumentOutOfRangeException(nameof(options), _barsPerRequest, range);
        }

        if (options.RequestTimeout <= TimeSpan.Zero || options.LongestPause < TimeSpan.Zero)
        {
            throw new ArgumentException("RequestTimeout must be positive, and LongestPause must not be negative.", nameof(options));
        }

        if (options.Name is { } name && string.IsNullOrWhiteSpace(name))
        {
            throw new ArgumentException("Name must not be blank. Leave it out to have one made from the address.", nameof(options));
        }
    }

    private string NameOf(Uri uri)
    {
        string? own = _api.NameOfHost is { } nameOf ? nameOf(uri.IdnHost) : uri.IdnHost == _api.BaseUri.IdnHost ? _api.Name : null;
        return own ?? string.Create(CultureInfo.InvariantCulture, $"{_api.Name}:{uri.IdnHost}:{uri.Port}");
    }
}
