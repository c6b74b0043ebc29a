using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Simulation;

public class RecordedMarketTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Fact]
    public void Candles_may_come_in_any_order()
    {
        ISimulatedMarket market = new RecordedMarket("AB", Minute, [Candle(180), Candle(60), Candle(120)]);

        Assert.Equal([60, 120], market.ReadAll(Minute, new TimeRange(0, 179)).Select(candle => candle.Timestamp));
    }

    [Theory]
    [InlineData(60, 60)]
    [InlineData(60, 121)]
    public void A_bar_given_twice_or_off_the_grid_is_refused(long first, long second)
    {
        var error = Assert.Throws<ArgumentException>(() => new RecordedMarket("AB", Minute, [Candle(first), Candle(second)]));

        Assert.Contains(UnixTime.Format(second), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Longer_bars_are_made_of_the_recorded_ones()
    {
        ISimulatedMarket market = new RecordedMarket("AB", Minute, [Candle(0), Candle(240), Candle(300), Candle(900)]);

        Assert.Equal([0, 300, 900], market.ReadAll(BarInterval.Parse("5m"), new TimeRange(0, 900)).Select(candle => candle.Timestamp));
        Assert.Equal(2 * Candle(0).Volume, market.ReadAll(BarInterval.Parse("5m"), new TimeRange(0, 0))[0].Volume);
    }

    [SharedDataFact]
    public void Real_candles_are_read_to_their_last_digit()
    {
        ISimulatedMarket market = RecordedMarket.FromCsv(SharedData.PathOf("XRPETH-1m.csv"), "XRPETH", Minute);

        IReadOnlyList<SimulatedCandle> candles = market.ReadAll(Minute, new TimeRange(1570752000, 1570965540));

        Assert.Equal(2469, candles.Count);
        Assert.Equal(141_342, candles[0].Open);
        Assert.Equal(1482 * SimulatedCandle.Scale, candles[0].Volume);
    }

    private static SimulatedCandle Candle(long open) => new(open, 10, 30, 5, 20, 1000, 2000, 3, 500, 1000);
}
