using System.Collections.Concurrent;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Keeping;

/// <summary>An exchange on loopback of which bars can come late, and change after they have come.</summary>
internal sealed class ChangingExchange : IAsyncDisposable
{
    private readonly SimulatedExchange _exchange;
    private readonly Dictionary<string, ChangingMarket> _markets;

    public ChangingExchange(TimeProvider clock, params string[] symbols)
    {
        _markets = symbols.ToDictionary(symbol => symbol, symbol => new ChangingMarket(new GeneratedMarket(symbol)));
        _exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
        {
            Markets = [.. _markets.Values],
            WeightPerMinute = null,
            TimeProvider = clock,
            RequestLogCapacity = 1_000_000,
        });
    }

    public Uri BaseUri => _exchange.BaseUri;

    public SimulatedFaults Faults => _exchange.Faults;

    public IReadOnlyList<SimulatedRequest> Requests => _exchange.Requests;

    public ISimulatedMarket Market(string symbol) => _markets[symbol];

    /// <summary>A bar is not there, until it is told to be.</summary>
    public void Hide(string symbol, long open) => _markets[symbol].Hidden[open] = true;

    public void Show(string symbol, long open) => _markets[symbol].Hidden.TryRemove(open, out _);

    /// <summary>A bar closes otherwise from now on.</summary>
    /// <returns>Its new close.</returns>
    public double Revise(string symbol, long open)
    {
        _markets[symbol].Revised[open] = true;
        return SimulatedCandle.ToDouble(((ISimulatedMarket)_markets[symbol]).ReadAll(BarInterval.FromSeconds(60), new TimeRange(open, open))[0].Close);
    }

    public ValueTask DisposeAsync() => _exchange.DisposeAsync();

    private sealed class ChangingMarket(ISimulatedMarket market) : ISimulatedMarket
    {
        public ConcurrentDictionary<long, bool> Hidden { get; } = [];

        public ConcurrentDictionary<long, bool> Revised { get; } = [];

        public string Symbol => market.Symbol;

        public BarInterval BaseInterval => market.BaseInterval;

        public int Read(BarInterval interval, long start, long end, Span<SimulatedCandle> into)
        {
            int count = market.Read(interval, start, end, into);
            int kept = 0;
            foreach (SimulatedCandle candle in into[..count])
            {
                if (!Hidden.ContainsKey(candle.Timestamp))
                {
                    into[kept++] = Revised.ContainsKey(candle.Timestamp) ? candle with { Close = candle.Low, Volume = candle.Volume + 1 } : candle;
                }
            }

            return kept;
        }
    }
}
