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
    /// <summary>The source's name.</summary>
    public required string Name { get; init; }

    /// <summary>The exchange, for people, for example <c>Binance</c>.</summary>
    public required string Title { get; init; }

    /// <summary>Where the API is.</summary>
    public required Uri BaseUri { get; init; }

    /// <summary>
    /// The source's names at other hosts of the exchange, each with its hosts; <c>*.example.com</c> is any host of that domain. The host
    /// of <see cref="BaseUri"/> needs no entry. None by default.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string[]>> Hosts { get; init; } = [];

    /// <summary>The exchange's words for the intervals that it has.</summary>
    public required IReadOnlyDictionary<BarInterval, string> Intervals { get; init; }

    /// <summary>The ways to its candles. The first that reaches back to the asked start is taken, or else the last.</summary>
    public required IReadOnlyList<HttpRoute> Routes { get; init; }

    /// <summary>
    /// What the API itself says no with; null where the answer says nothing of the kind. It is asked about every answer, those of
    /// status 200 too: some say no with it. It gets the symbol that was asked for.
    /// </summary>
    public Func<HttpAnswer, string, HttpRefusal?> ReadRefusal { get; init; } = static (_, _) => null;

    /// <summary>What an operator can do about a refusal, where there is more to say than for any API.</summary>
    public IReadOnlyDictionary<RefusalMeaning, string> WaysOut { get; init; } = new Dictionary<RefusalMeaning, string>();

    /// <summary>Opens the files of whole months and days that it publishes; null where it does not.</summary>
    public Func<HttpApi, HttpLimits, TimeProvider, HttpFiles>? Files { get; init; }

    /// <summary>The secrets that user and password of a credential stand for; null where it takes none.</summary>
    public HttpCredential? Credential { get; init; }

    /// <summary>The source's name at an address; null where it is at none of its own hosts.</summary>
    public string? NameAt(Uri address) =>
        address.IdnHost == BaseUri.IdnHost ? Name : Hosts.FirstOrDefault(entry => entry.Value.Any(host => IsHost(address, host))).Key;

    private static bool IsHost(Uri address, string host) => host.StartsWith("*.", StringComparison.Ordinal)
        ? address.IdnHost.EndsWith(host[1..], StringComparison.OrdinalIgnoreCase)
        : address.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase);
}

/// <summary>One way to an API's candles.</summary>
internal sealed record HttpRoute
{
    /// <summary>The most bars that a request spans.</summary>
    public required int MostBars { get; init; }

    /// <summary>The longest time that a request spans; null where only the number of bars counts.</summary>
    public TimeSpan? LongestSpan { get; init; }

    /// <summary>How far back from now it reaches; null where that is no time.</summary>
    public TimeSpan? Reach { get; init; }

    /// <summary>How many bars back from the forming one, which counts, it reaches; null where that is no number of bars.</summary>
    public int? ReachInBars { get; init; }

    /// <inheritdoc cref="RawBars.ProvesByRowsOnly"/>
    public bool ProvesByRowsOnly { get; init; }

    /// <summary>What a request costs; 1 by default.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>What may be asked how often: all limits that apply to the route. None by default.</summary>
    public IReadOnlyList<RateLimit> Limits { get; init; } = [];

    /// <summary>The secrets that a request needs; none by default.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>The payload's columns.</summary>
    public required IReadOnlyList<CandleColumn> Columns { get; init; }

    /// <summary>
    /// The request for a page, and what an answer gave for its continuation; null at first.
    /// </summary>
    public required Func<HttpPage, string?, HttpRequestMessage> Request { get; init; }

    /// <summary>
    /// Reads the candles of an answer; what it returns asks for the answer's continuation, null where there is none. A
    /// <see cref="System.Text.Json.JsonException"/> means that the body holds no candles.
    /// </summary>
    public required Func<HttpAnswer, HttpPage, CandleColumns, string?> Read { get; init; }

    /// <summary>The open of the oldest bar that it gives at <paramref name="now"/>; null where it reaches back to the first.</summary>
    public long? OldestBar(BarInterval interval, DateTimeOffset now)
    {
        long forming = interval.Floor(now.ToUnixTimeSeconds());
        return ReachInBars is { } bars ? interval.Add(forming, 1 - bars)
            : Reach is { } reach ? interval.Ceiling(now.ToUnixTimeSeconds() - (long)reach.TotalSeconds)
            : null;
    }

    /// <summary>The most bars that a request spans, of an interval.</summary>
    public int MostBarsOf(BarInterval interval) => LongestSpan is { } span
        ? (int)Math.Clamp(span / interval.Duration, 1, MostBars)
        : MostBars;
}

/// <summary>Which secrets of an API an operator's credential holds.</summary>
/// <param name="User">The name of the secret that is the user's name.</param>
/// <param name="Password">The name of the secret that is the password.</param>
internal sealed record HttpCredential(string User, string Password);

/// <summary>How long a host is asked and waited for.</summary>
/// <param name="RequestTimeout">How long one request may take, from its start to the last byte of its answer.</param>
/// <param name="LongestPause">The longest time to be left alone that requests wait for.</param>
internal sealed record HttpLimits(TimeSpan RequestTimeout, TimeSpan LongestPause);

/// <summary>One page of candles to be asked for.</summary>
/// <param name="BaseUri">Where the API is; it ends with a slash.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Symbol">The symbol, not yet escaped. It is sent whatever it is: which there are only the exchange knows.</param>
/// <param name="Interval">The exchange's word for the interval.</param>
/// <param name="Bars">The opens of the first and the last bar.</param>
/// <param name="Limit">
/// How many rows the answer may have. It may be more than the range has bars: a row beside it need not take the place of one of them.
/// </param>
/// <param name="SecretOf">The secret of a name.</param>
internal sealed record HttpPage(
    Uri BaseUri, StreamKey Stream, string Symbol, string Interval, TimeRange Bars, int Limit, Func<string, string> SecretOf);
