namespace Qmtl.Simulation.Markets;

/// <summary>One candle as an exchange keeps it: exact fixed-point amounts.</summary>
/// <param name="Timestamp">The bar's open: Unix seconds, UTC.</param>
/// <param name="Open">First price, in hundred-millionths (see <see cref="Scale"/>).</param>
/// <param name="High">Highest price, in hundred-millionths.</param>
/// <param name="Low">Lowest price, in hundred-millionths.</param>
/// <param name="Close">Last price, in hundred-millionths.</param>
/// <param name="Volume">Amount traded of the base asset, in hundred-millionths.</param>
/// <param name="QuoteVolume">Amount traded in the quote asset, in hundred-millionths.</param>
/// <param name="Trades">How many trades there were.</param>
/// <param name="TakerBaseVolume">The part of <paramref name="Volume"/> that takers bought, in hundred-millionths.</param>
/// <param name="TakerQuoteVolume">The part of <paramref name="QuoteVolume"/> that takers bought, in hundred-millionths.</param>
public readonly record struct SimulatedCandle(
    long Timestamp,
    long Open,
    long High,
    long Low,
    long Close,
    long Volume,
    long QuoteVolume,
    long Trades,
    long TakerBaseVolume,
    long TakerQuoteVolume)
{
    /// <summary>How many units make one whole: amounts have eight decimals, as the exchange prints them.</summary>
    public const long Scale = 100_000_000;

    /// <summary>The amount as it is read from a printed price with eight decimals.</summary>
    public static double ToDouble(long units) => units / (double)Scale;

    /// <summary>The units of an amount.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has more than eight decimals, or is too large.</exception>
    public static long FromDecimal(decimal amount)
    {
        decimal units = amount * Scale;
        return decimal.IsInteger(units) && Math.Abs(units) <= long.MaxValue
            ? (long)units
            : throw new ArgumentOutOfRangeException(nameof(amount), amount, "An amount has at most eight decimals and 92 billion wholes.");
    }

    /// <summary>The candle of the longer bar that opens at <see cref="Timestamp"/> and goes on with <paramref name="later"/>.</summary>
    internal SimulatedCandle Followed(in SimulatedCandle later) => this with
    {
        High = Math.Max(High, later.High),
        Low = Math.Min(Low, later.Low),
        Close = later.Close,
        Volume = Volume + later.Volume,
        QuoteVolume = QuoteVolume + later.QuoteVolume,
        Trades = Trades + later.Trades,
        TakerBaseVolume = TakerBaseVolume + later.TakerBaseVolume,
        TakerQuoteVolume = TakerQuoteVolume + later.TakerQuoteVolume,
    };

    /// <summary>The candle as it looks before its close, when <paramref name="share"/> (0 to 1) of its time has passed.</summary>
    internal SimulatedCandle Forming(double share) => this with
    {
        Close = Open + (long)((Close - Open) * share),
        Volume = (long)(Volume * share),
        QuoteVolume = (long)(QuoteVolume * share),
        Trades = (long)(Trades * share),
        TakerBaseVolume = (long)(TakerBaseVolume * share),
        TakerQuoteVolume = (long)(TakerQuoteVolume * share),
    };
}
