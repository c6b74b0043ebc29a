using System.Buffers;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Simulation.Http;

/// <summary><c>GET /api/v3/klines</c>: finds the candles a query asks for and writes them down.</summary>
internal sealed class KlinesEndpoint(IEnumerable<ISimulatedMarket> markets, TimeProvider clock)
{
    private readonly Dictionary<string, ISimulatedMarket> _markets =
        markets.ToDictionary(market => market.Symbol, StringComparer.Ordinal);

    public IReadOnlyCollection<ISimulatedMarket> Markets => _markets.Values;

    /// <summary>The answer to a query.</summary>
    public Answer AnswerTo(KlinesQuery query, SimulatedRequest request, SimulatedFault? fault)
    {
        switch (fault?.Kind)
        {
            case SimulatedFaultKind.Status:
                return ErrorPage(fault);
            case SimulatedFaultKind.Html:
                return Answer.WebPage(200, "Service maintenance");
            case SimulatedFaultKind.JsonObject:
                return new Answer(200, """{"data":[],"ok":true}"""u8.ToArray());
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
        return new Answer(200, rows.Written) { Break = BreakOf(fault), Buffer = rows };
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

    private static SimulatedFaultKind? BreakOf(SimulatedFault? fault) =>
        fault?.Kind is SimulatedFaultKind.ConnectionReset or SimulatedFaultKind.HalfBody ? fault.Kind : null;

    private static Answer ErrorPage(SimulatedFault fault)
    {
        Answer answer = (fault.Body, fault.StatusCode) switch
        {
            ({ } body, _) => new Answer(fault.StatusCode, System.Text.Encoding.UTF8.GetBytes(body)),
            (_, 429 or 418) => new Answer(fault.StatusCode, ApiError.TooManyRequests.ToJson()),
            _ => Answer.WebPage(fault.StatusCode, $"{fault.StatusCode} {(System.Net.HttpStatusCode)fault.StatusCode}"),
        };
        return answer with { RetryAfter = fault.RetryAfter };
    }
}
