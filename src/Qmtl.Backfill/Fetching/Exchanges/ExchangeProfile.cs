using System.Globalization;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>
/// An exchange that is described by a file: where its candles are, how they are asked for, read and refused. docs/exchanges.md tells how
/// to write one. <see cref="ExchangeCatalog"/> has those that come with this library.
/// </summary>
public sealed record ExchangeProfile
{
    /// <summary>The source's name, for example <c>okx</c>, under which emptiness is remembered.</summary>
    public required string Name { get; init; }

    /// <summary>The exchange, for people, for example <c>OKX</c>.</summary>
    public required string Title { get; init; }

    /// <summary>What is traded, for people, for example <c>spot</c>; empty where the profile does not say.</summary>
    public required string Market { get; init; }

    /// <summary>Where the API is.</summary>
    public required Uri BaseUri { get; init; }

    /// <summary>A symbol in the exchange's own spelling, for example <c>BTC-USDT</c>.</summary>
    public required string SymbolExample { get; init; }

    /// <summary>The intervals of which it has bars, the shortest first.</summary>
    public required IReadOnlyList<BarInterval> Intervals { get; init; }

    /// <summary>The most bars that one request can ask for.</summary>
    public required int BarsPerRequest { get; init; }

    /// <summary>How many bars back from now it can be asked for at most; null where there is no such limit, or it is a time.</summary>
    public required int? ReachInBars { get; init; }

    /// <summary>How far back from now it can be asked at most; null where there is no such limit, or it is a number of bars.</summary>
    public required TimeSpan? Reach { get; init; }

    /// <summary>What may be asked of it how often; empty where that is not known.</summary>
    public required IReadOnlyList<RateLimit> Limits { get; init; }

    /// <summary>
    /// Whether its facts were checked against the exchange itself. Of one that is not trusted, bars are learnt as empty only between two
    /// rows of an answer, and never because an answer has no rows.
    /// </summary>
    public required bool IsTrusted { get; init; }

    /// <summary>What a volume counts: <c>base</c>, <c>quote</c> or <c>contracts</c>.</summary>
    public required string VolumeUnit { get; init; }

    /// <summary>The payload's columns.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>The environment variables that hold the key with which it is asked; empty for the many that need none.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>What an operator should know of it; empty where there is nothing.</summary>
    public required string Note { get; init; }

    /// <summary>What the fields of its rows are.</summary>
    internal CandleFormat Format { get; init; } = null!;

    /// <summary>How it is asked.</summary>
    internal HttpApi Api { get; init; } = null!;

    /// <summary>How far back it can be asked, for people: <c>all</c>, <c>newest 720 bars</c>, <c>29 days</c>.</summary>
    public string ReachText => ReachInBars is { } bars ? string.Create(CultureInfo.InvariantCulture, $"newest {bars} bars")
        : Reach is { } reach ? string.Create(CultureInfo.InvariantCulture, $"{reach.TotalDays:0.##} days")
        : "all";

    /// <summary>
    /// What may be asked of it how often, for people, for example <c>20 requests in 2s</c>; empty where that is not known.
    /// </summary>
    public string LimitText => string.Join(", ", Limits.Select(TextOf).Distinct());

    /// <summary>A source that asks the exchange.</summary>
    /// <param name="options">How it is reached; null for what the profile has.</param>
    /// <param name="timeProvider">The clock of time-outs and pauses; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is out of its range. The message names it and the range.</exception>
    public HttpFetcher CreateFetcher(HttpFetcherOptions? options = null, TimeProvider? timeProvider = null) =>
        new(Api, options, timeProvider);

    /// <summary>Its name and market.</summary>
    public override string ToString() => Name;

    private static string TextOf(RateLimit limit)
    {
        string what = !limit.CountsRequests ? "weight" : limit.Weight == 1 ? "request" : "requests";
        return string.Create(CultureInfo.InvariantCulture, $"{limit.Weight} {what} in {BarInterval.FromTimeSpan(limit.Per)}");
    }
}
