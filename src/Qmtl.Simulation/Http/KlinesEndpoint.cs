using System.Buffers;
using System.Globalization;
using System.Text;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Simulation.Http;

/// <summary>
/// Binance's API (<c>/api/v3/klines</c>, <c>/api/v3/time</c>, <c>/api/v3/ping</c>), written for speed: benchmarks run against it.
/// </summary>
internal sealed class KlinesEndpoint(IEnumerable<ISimulatedMarket> markets, WeightLimiter limiter, TimeProvider clock) : ISimulatedApi
{
    private const int KlinesWeight = 2;

    private readonly Dictionary<string, ISimulatedMarket> _markets =
        markets.ToDictionary(market => market.Symbol, StringComparer.Ordinal);

    /// <inheritdoc/>
    public IReadOnlyCollection<ISimulatedMarket> Markets => _markets.Values;

    /// <inheritdoc/>
    public Question? Read(LoopbackRequest request) =>
        request is { Method: "GET", Path: "/api/v3/klines" } ? KlinesQuery.Parse(request.Parameters) : null;

    /// <inheritdoc/>
    public Answer AnswerTo(LoopbackRequest request) => request switch
    {
        { Method: not "GET" } => Answer.WebPage(405, "405 Method Not Allowed"),
        { Path: "/api/v3/ping" } => new Answer(200, "{}"u8.ToArray()),
        { Path: "/api/v3/time" } =>
            new Answer(200, Encoding.UTF8.GetBytes($$"""{"serverTime":{{clock.GetUtcNow().ToUnixTimeMilliseconds()}}}""")),
        _ => Answer.WebPage(404, "404 Not Found"),
    };

    /// <inheritdoc/>
    public Pass Use(Question question)
    {
        (int used, int status, TimeSpan retryAfter) = limiter.Use(KlinesWeight);
        var headers = new Dictionary<string, string>
        {
            ["X-MBX-USED-WEIGHT-1M"] = used.ToString(CultureInfo.InvariantCulture),
        };
        return new Pass(status == 200 ? null : TooMany(status) with { RetryAfter = retryAfter }, headers);
    }

    /// <inheritdoc/>
    public Answer AnswerTo(Question question, SimulatedRequest request, SimulatedFault? fault)
    {
        var query = (KlinesQuery)question;
        if (FaultyAnswers.Of(fault, TooMany(429)) is { } faulty)
        {
            return faulty;
        }

        if (query.Error is { } error)
        {
            return new Answer(400, error.ToJson());
        }

        if (!_markets.TryGetValue(query.Symbol, out ISimulatedMarket? market))
        {
            return new Answer(400, ApiError.InvalidSymbol.ToJson());
        }

        if (!query.Interval!.Value.IsMadeOf(market.BaseInterval))
        {
            return new Answer(400, ApiError.InvalidInterval.ToJson());
        }

        KlineWriter rows = WriteRows(market, query, request, fault);
        return new Answer(200, rows.Written) { Break = FaultyAnswers.BreakOf(fault), Buffer = rows };
    }

    private KlineWriter WriteRows(ISimulatedMarket market, KlinesQuery query, SimulatedRequest request, SimulatedFault? fault)
    {
        BarInterval interval = query.Interval!.Value;
        DateTimeOffset now = clock.GetUtcNow();
        long end = Math.Min(query.End ?? long.MaxValue, now.ToUnixTimeSeconds());

        // Without a start the exchange gives the latest rows up to the end.
        long start = query.Start ?? interval.Add(interval.Floor(end), 1 - query.Limit);
        SimulatedCandle[] page = ArrayPool<SimulatedCandle>.Shared.Rent(query.Limit);
        try
        {
            int count = market.Read(interval, start, end, page.AsSpan(0, query.Limit));
            Span<SimulatedCandle> rows = page.AsSpan(0, count);
            if (count > 0 && now - DateTimeOffset.FromUnixTimeSeconds(rows[^1].Timestamp) is { } age && age < interval.Duration)
            {
                rows[^1] = rows[^1].Forming(age / interval.Duration);
            }

            return fault is null
                ? new KlineWriter(rows, interval, null)
                : new KlineWriter(FaultyRows.Rearrange(fault, rows, request, interval), interval, fault);
        }
        finally
        {
            ArrayPool<SimulatedCandle>.Shared.Return(page);
        }
    }

    private static Answer TooMany(int status) => new(status, ApiError.TooManyRequests.ToJson());
}
