using Qmtl.Time;

namespace Qmtl.Simulation.Markets;

/// <summary>
/// A market whose every candle follows from the seed and its time: any bar costs the same to compute, none is kept, and ten
/// million need no memory. Prices move smoothly, a bar opens where the one before closed, and low ≤ open, close ≤ high.
/// </summary>
public sealed class GeneratedMarket : ISimulatedMarket
{
    private const long Minute = 60;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    private readonly ulong _seed;
    private readonly double _price;

    /// <summary>A market.</summary>
    /// <param name="symbol">The symbol.</param>
    /// <param name="price">The price around which it moves, by up to a third.</param>
    /// <param name="seed">Another seed gives other candles.</param>
    public GeneratedMarket(string symbol, decimal price = 100, long seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(symbol);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(price);
        Symbol = symbol;
        _price = SimulatedCandle.FromDecimal(price);
        _seed = HashNoise.Seed(seed, symbol);
    }

    /// <inheritdoc/>
    public string Symbol { get; }

    /// <summary>One minute.</summary>
    public BarInterval BaseInterval { get; } = BarInterval.FromSeconds(Minute);

    /// <summary>Nothing traded before this time.</summary>
    /// <value>2018-01-01 by default; Unix seconds, UTC.</value>
    public long From { get; init; } = 1_514_764_800;

    /// <summary>Nothing trades after this time.</summary>
    /// <value>The end of the year 9998 by default; Unix seconds, UTC.</value>
    public long To { get; init; } = 253_370_764_740;

    /// <summary>The share of minutes in which nobody trades.</summary>
    /// <value>0 by default; below 1.</value>
    public double QuietShare { get; init; }

    /// <summary>Whether minutes in which nobody trades have a candle all the same: a flat one, of no volume.</summary>
    /// <value>False by default.</value>
    public bool FillsQuietBars { get; init; }

    /// <summary>When the whole exchange was down.</summary>
    /// <value>Null by default: never.</value>
    public OutageSchedule? Outages { get; init; }

    /// <summary>
    /// Three markets of one exchange: two busy ones, BTCUSDT and ETHUSDT, and XRPETH, in which a third of the minutes is quiet.
    /// </summary>
    public static IReadOnlyList<ISimulatedMarket> CreateDefaults(long seed = 0)
    {
        var outages = new OutageSchedule { Seed = seed };
        return
        [
            new GeneratedMarket("BTCUSDT", 60_000m, seed) { Outages = outages },
            new GeneratedMarket("ETHUSDT", 3_000m, seed) { Outages = outages },
            new GeneratedMarket("XRPETH", 0.0014m, seed) { Outages = outages, QuietShare = 0.3 },
        ];
    }

    /// <inheritdoc/>
    public int Read(BarInterval interval, long start, long end, Span<SimulatedCandle> into)
    {
        long first = interval.Ceiling(Math.Max(start, interval.Floor(From)));
        long last = Math.Min(end, To);
        int count = 0;
        for (long open = first; open <= last && count < into.Length; open = interval.Next(open))
        {
            if (interval == BaseInterval ? TryGetMinute(open, out into[count]) : TryAggregate(open, interval.Next(open), out into[count]))
            {
                count++;
            }
        }

        return count;
    }

    private bool TryAggregate(long open, long close, out SimulatedCandle candle)
    {
        bool any = false;
        candle = default;
        for (long minute = open; minute < close; minute += Minute)
        {
            if (TryGetMinute(minute, out SimulatedCandle next))
            {
                candle = any ? candle.Followed(next) : next with { Timestamp = open };
                any = true;
            }
        }

        return any;
    }

    private bool TryGetMinute(long open, out SimulatedCandle candle)
    {
        candle = default;
        long number = open / Minute;
        bool quiet = QuietShare > 0 && HashNoise.Share(_seed + 1, number) < QuietShare;
        if (open < From || open > To || (quiet && !FillsQuietBars) || Outages?.IsDown(open) == true)
        {
            return false;
        }

        long first = PriceAt(open);
        if (quiet)
        {
            candle = new SimulatedCandle(open, first, first, first, first, 0, 0, 0, 0, 0);
            return true;
        }

        long last = PriceAt(open + Minute);
        ulong bits = HashNoise.Bits(_seed + 2, number);
        double volume = 0.01 + (20 * HashNoise.Share(_seed + 3, number) * (1.2 + HashNoise.Smooth(_seed + 4, open, Day)));
        double takers = 0.3 + (0.4 * HashNoise.Share(_seed + 5, number));

        // Wicks reach up to about a thousandth of the price beyond the body.
        long reach = (first / 1024) + 1;
        long traded = (long)(volume * SimulatedCandle.Scale);
        long quote = (long)(volume * first);
        candle = new SimulatedCandle(
            open,
            first,
            Math.Max(first, last) + (long)((bits & 0xFFFF) % (ulong)reach),
            Math.Max(1, Math.Min(first, last) - (long)(((bits >> 16) & 0xFFFF) % (ulong)reach)),
            last,
            traded,
            quote,
            1 + (long)((bits >> 32) % 500),
            (long)(traded * takers),
            (long)(quote * takers));
        return true;
    }

    private long PriceAt(long timestamp)
    {
        double change = (0.25 * HashNoise.Smooth(_seed + 6, timestamp, 30 * Day))
            + (0.05 * HashNoise.Smooth(_seed + 7, timestamp, Day))
            + (0.01 * HashNoise.Smooth(_seed + 8, timestamp, Hour))
            + (0.0005 * HashNoise.Smooth(_seed + 9, timestamp, Minute));
        return Math.Max(1, (long)(_price * (1 + change)));
    }
}
