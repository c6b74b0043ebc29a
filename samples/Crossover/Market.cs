using Qmtl.Time;

namespace Crossover;

/// <summary>A symbol that the sample looks at.</summary>
/// <param name="Symbol">The symbol.</param>
/// <param name="Interval">The length of its candles.</param>
/// <param name="First">The open of its first candle: Unix seconds, UTC.</param>
public sealed record Market(string Symbol, BarInterval Interval, long First)
{
    /// <summary>The three symbols.</summary>
    public static IReadOnlyList<Market> All { get; } =
    [
        new("ETHBTC", BarInterval.Parse("5m"), 1515560100),
        new("ADABTC", BarInterval.Parse("5m"), 1515560100),
        new("ALTBTC", BarInterval.Parse("30m"), 1512306000),
    ];

    /// <summary>The name of the file with its candles.</summary>
    public string FileName => $"{Symbol}-{Interval}.csv";

    /// <summary>The market of a symbol.</summary>
    public static Market Of(string symbol) => All.First(market => market.Symbol == symbol);
}
