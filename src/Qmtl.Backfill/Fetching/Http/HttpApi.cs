using Qmtl.Data;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Fetching.Http;

/// <summary>
/// What is particular to one exchange's API. All else about asking it is <see cref="HttpFetcher"/>'s and <see cref="HttpSource"/>'s
/// matter.
/// </summary>
internal sealed record HttpApi
{
    /// <summary>The exchange, for people, for example <c>Binance</c>; in small letters it is the source's name.</summary>
    public required string Title { get; init; }

    /// <summary>Where the API is.</summary>
    public required Uri BaseUri { get; init; }

    /// <summary>
    /// The source's name where the API is at a host of the exchange's own; null for any other host. By default, the host of
    /// <see cref="BaseUri"/> is its own.
    /// </summary>
    public Func<string, string?>? NameOfHost { get; init; }

    /// <summary>The exchange's words for the intervals that it has.</summary>
    public required IReadOnlyDictionary<BarInterval, string> Intervals { get; init; }

    /// <summary>The most bars that it gives at once.</summary>
    public required int MostBarsPerRequest { get; init; }

    /// <summary>What a request for candles costs; 1 by default.</summary>
    public int RequestWeight { get; init; } = 1;

    /// <summary>The limits that requests for candles keep to.</summary>
    public required IReadOnlyList<RateLimit> Limits { get; init; }

    /// <summary>The request for a page.</summary>
    public required Func<HttpPage, HttpRequestMessage> Request { get; init; }

    /// <summary>
    /// Reads the candles of an answer, of which as many as the number are expected. A <see cref="System.Text.Json.JsonException"/> means
    /// that the body holds none.
    /// </summary>
    public required Func<HttpAnswer, int, RawBars> Read { get; init; }

    /// <summary>
    /// What the API itself says no with; null where the answer says nothing of the kind. It is asked about every answer, those of
    /// status 200 too: some say no with it.
    /// </summary>
    public Func<HttpAnswer, StreamKey, HttpRefusal?> ReadRefusal { get; init; } = static (_, _) => null;

    /// <summary>What an operator can do about a refusal, where there is more to say than for any API.</summary>
    public IReadOnlyDictionary<RefusalMeaning, string> WaysOut { get; init; } = new Dictionary<RefusalMeaning, string>();

    /// <summary>The source's name.</summary>
    public string Name => Title.ToLowerInvariant();

    /// <summary>The exchange as a kind of source.</summary>
    public SourceKind Kind => new(Name)
    {
        Open = options => new HttpFetcher(
            this, new HttpFetcherOptions { BaseUri = options.BaseUri, Name = options.Name, BarsPerRequest = options.BarsPerRequest }),
    };
}

/// <summary>How long a host is asked and waited for.</summary>
/// <param name="RequestTimeout">How long one request may take, from its start to the last byte of its answer.</param>
/// <param name="LongestPause">The longest time to be left alone that requests wait for.</param>
internal sealed record HttpLimits(TimeSpan RequestTimeout, TimeSpan LongestPause);

/// <summary>One page of candles to be asked for.</summary>
/// <param name="BaseUri">Where the API is; it ends with a slash.</param>
/// <param name="Symbol">The symbol, not yet escaped. It is sent whatever it is: which there are only the exchange knows.</param>
/// <param name="Interval">The exchange's word for the interval.</param>
/// <param name="Range">The range: Unix seconds, from the first bar's open to the last second of the last bar.</param>
/// <param name="Limit">
/// How many rows the answer may have. It is more than the range has bars: a row beside it must not take the place of one of them.
/// </param>
internal sealed record HttpPage(Uri BaseUri, string Symbol, string Interval, TimeRange Range, int Limit);
