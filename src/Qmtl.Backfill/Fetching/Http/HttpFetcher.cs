using System.Globalization;
using Qmtl.Data;
using Qmtl.Fetching.Pacing;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Http;

/// <summary>Candles of an exchange over its HTTP API; <c>ExchangeProfile.CreateFetcher</c> makes one.</summary>
/// <remarks>All sources of a process share one connection pool and, by host, one <see cref="HostPacer"/>.</remarks>
public sealed class HttpFetcher : IBulkSource
{
    // An answer that is continued more often than this does not end.
    private const int MostContinuations = 100;

    // Of an answer that proves by its rows only, as many more are asked for: one on each side.
    private const int RowsBeside = 2;

    private readonly HttpApi _api;
    private readonly HttpFetcherOptions _options;
    private readonly HttpSource _source;
    private readonly TimeProvider _clock;
    private readonly HttpFiles? _files;

    /// <summary>A fetcher.</summary>
    /// <param name="api">The exchange.</param>
    /// <param name="options">How it is reached; null for what the exchange has.</param>
    /// <param name="timeProvider">The clock of time-outs and pauses; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range. The message names it and the range.</exception>
    internal HttpFetcher(HttpApi api, HttpFetcherOptions? options = null, TimeProvider? timeProvider = null)
    {
        _api = api;
        _options = options ?? new HttpFetcherOptions();
        _clock = timeProvider ?? TimeProvider.System;
        RequireInRange(_options);
        var limits = new HttpLimits(_options.RequestTimeout, _options.LongestPause);
        _source = new HttpSource(_options.BaseUri ?? api.BaseUri, api, limits, _clock, _options.Credential);
        Name = _options.Name ?? _api.NameAt(BaseUri)
            ?? string.Create(CultureInfo.InvariantCulture, $"{_api.Name}:{BaseUri.IdnHost}:{BaseUri.Port}");

        // The files are those of the exchange itself, and not of any other at whose address its API is spoken.
        _files = _options.UseBulkFiles && _api.NameAt(BaseUri) == _api.Name ? api.Files?.Invoke(api, limits, _clock) : null;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The exchange, for people, for example <c>Binance</c>.</summary>
    public string Exchange => _api.Title;

    /// <summary>Where the API is, without a user.</summary>
    public Uri BaseUri => _source.BaseUri;

    /// <inheritdoc cref="HttpFetcherOptions.BarsPerRequest"/>
    public int? BarsPerRequest => _options.BarsPerRequest ?? MostBars;

    private int MostBars => _api.Routes.Max(route => route.MostBars);

    /// <inheritdoc/>
    /// <remarks>Where the symbol is not the node id, its name follows the exchange's: another symbol may have other bars.</remarks>
    public string GetName(StreamKey stream) => SymbolOf(stream) is var symbol && symbol == stream.NodeId ? Name : $"{Name}/{symbol}";

    /// <inheritdoc/>
    public IDataFetcher ForSymbol(string symbol)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(symbol);
        return new HttpFetcher(_api, _options with { Symbol = _ => symbol }, _clock);
    }

    /// <summary>The intervals of which the exchange has bars, the shortest first.</summary>
    public IReadOnlyList<BarInterval> Intervals => [.. _api.Intervals.Keys.Order()];

    /// <inheritdoc/>
    public int? GetBarsPerRequest(StreamKey stream, long start)
    {
        HttpRoute route = RouteFor(stream.Interval, start);
        int most = MostBarsOf(route, stream.Interval);
        return route.ProvesByRowsOnly ? Math.Max(1, most - RowsBeside) : most;
    }

    /// <inheritdoc/>
    public SourceReach? GetReach(StreamKey stream)
    {
        // The last route is the one that reaches furthest.
        HttpRoute last = _api.Routes[^1];
        return last.OldestBar(stream.Interval, _clock.GetUtcNow()) is { } oldest
            ? new SourceReach(oldest, ReachText(last, stream.Interval)) { WayOut = _api.WaysOut.GetValueOrDefault(RefusalMeaning.TooOld) }
            : null;
    }

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, onWait: null, cancellationToken);

    /// <inheritdoc/>
    public Task<RawBars> FetchPacedAsync(StreamKey stream, TimeRange range, Action<TimeSpan> onWait, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, onWait, cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<BulkFile> GetFiles(StreamKey stream, TimeRange within) =>
        _api.Intervals.ContainsKey(stream.Interval) ? _files?.FilesOf(stream.Interval, within) ?? [] : [];

    /// <inheritdoc/>
    public Task<RawBars> ReadFileAsync(StreamKey stream, TimeRange file, CancellationToken cancellationToken) =>
        _files?.ReadAsync(stream, SymbolOf(stream), _api.Intervals[stream.Interval], file, cancellationToken)
            ?? throw new InvalidOperationException($"{Name} has no files.");

    /// <summary>Name and address, for people.</summary>
    public override string ToString() => $"{Name} ({BaseUri})";

    private async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, Action<TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        if (!_api.Intervals.TryGetValue(stream.Interval, out string? interval))
        {
            string words = string.Join(", ", _api.Intervals.Keys.Order());
            throw new SourceException($"{_api.Title} has no {stream.Interval} bars. It has {words}.") { IsUnsent = true };
        }

        if (range.AlignTo(stream.Interval) is not { } asked)
        {
            return RawBars.Empty;
        }

        HttpRoute route = RouteFor(stream.Interval, asked.Start);
        RequireReach(route, stream, asked);
        TimeRange bars = AskedOf(route, stream.Interval, asked);
        var page = new HttpPage(
            BaseUri, stream, SymbolOf(stream), interval, bars, MostBarsOf(route, stream.Interval), _source.Secrets.Get);
        return await AskAsync(route, page, bars != asked && !bars.Contains(asked.End), onWait, cancellationToken);
    }

    private async Task<RawBars> AskAsync(
        HttpRoute route, HttpPage page, bool isPart, Action<TimeSpan>? onWait, CancellationToken cancellationToken)
    {
        var columns = new CandleColumns(route.Columns, (int)Math.Min(page.Bars.CountBars(page.Stream.Interval), page.Limit));
        var cost = new RequestCost(route.Weight, _options.Limits ?? route.Limits);
        string? more = null;
        int requests = 0;
        do
        {
            string? continued = more;
            more = await _source.AskAsync(
                page.Stream,
                page.Symbol,
                route.Request(page, continued),
                cost,
                answer => route.Read(answer, page, columns),
                onWait,
                cancellationToken);
            requests++;
            if (requests > MostContinuations || (more is not null && more == continued))
            {
                throw new SourceException(
                    $"{_api.Title}'s answer for {PlainText.OneLine(page.Stream.ToString())} was continued {requests} times and does "
                        + "not end. Nothing of it was taken.");
            }
        }
        while (more is not null);

        // While the request waited for its turn, bars at its start may have come out of reach.
        bool isOutOfReach = route.OldestBar(page.Stream.Interval, _clock.GetUtcNow()) > page.Bars.Start;
        return columns.Build(requests, route.ProvesByRowsOnly || isPart || isOutOfReach);
    }

    private HttpRoute RouteFor(BarInterval interval, long start)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        return _api.Routes.FirstOrDefault(route => !(route.OldestBar(interval, now) > start)) ?? _api.Routes[^1];
    }

    private int MostBarsOf(HttpRoute route, BarInterval interval) =>
        Math.Min(_options.BarsPerRequest ?? int.MaxValue, route.MostBarsOf(interval));

    // Of an answer that proves by its rows only, the rows next to the range show that the bars at its ends do not exist.
    private TimeRange AskedOf(HttpRoute route, BarInterval interval, TimeRange asked)
    {
        int most = MostBarsOf(route, interval);
        long count = asked.CountBars(interval);
        if (count > most)
        {
            return new TimeRange(asked.Start, interval.Add(asked.Start, most - 1));
        }

        if (!route.ProvesByRowsOnly)
        {
            return asked;
        }

        long oldest = route.OldestBar(interval, _clock.GetUtcNow()) ?? long.MinValue;
        long start = count < most ? Math.Max(interval.Previous(asked.Start), oldest) : asked.Start;
        long forming = interval.Floor(_clock.GetUtcNow().ToUnixTimeSeconds());
        return new TimeRange(
            Math.Min(start, asked.Start), count + 1 < most ? Math.Max(asked.End, Math.Min(interval.Next(asked.End), forming)) : asked.End);
    }

    private void RequireReach(HttpRoute route, StreamKey stream, TimeRange asked)
    {
        if (route.OldestBar(stream.Interval, _clock.GetUtcNow()) is { } oldest && asked.End < oldest)
        {
            throw new SourceException(
                $"{_api.Title} {ReachText(route, stream.Interval)}, so from {UnixTime.Format(oldest)} on, and has nothing of {asked}. "
                    + (_api.WaysOut.GetValueOrDefault(RefusalMeaning.TooOld) ?? HttpErrors.WayOut(RefusalMeaning.TooOld)))
            {
                IsUnsent = true,
            };
        }
    }

    private static string ReachText(HttpRoute route, BarInterval interval) => route.ReachInBars is { } bars
        ? string.Create(CultureInfo.InvariantCulture, $"gives the newest {bars} bars of {interval} only")
        : string.Create(CultureInfo.InvariantCulture, $"reaches back {route.Reach!.Value.TotalDays:0.##} days only");

    private string SymbolOf(StreamKey stream) => _options.Symbol?.Invoke(stream) ?? stream.NodeId;

    private void RequireInRange(HttpFetcherOptions options)
    {
        if (BarsPerRequest < 1 || BarsPerRequest > MostBars)
        {
            string range = $"BarsPerRequest is from 1 to {MostBars}, the most that {_api.Title} gives.";
            throw new ArgumentOutOfRangeException(nameof(options), BarsPerRequest, range);
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
}
