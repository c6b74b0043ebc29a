using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Simulation;

public class GeneratedMarketTests
{
    private const long Start = 1_704_067_200;
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Fact]
    public void Candles_are_consistent_and_each_opens_where_the_one_before_closed()
    {
        ISimulatedMarket market = new GeneratedMarket("BTCUSDT", 60_000m, seed: 7);

        IReadOnlyList<SimulatedCandle> candles = market.ReadAll(Minute, new TimeRange(Start, Start + (5000 * 60) - 1));

        Assert.Equal(5000, candles.Count);
        for (int i = 0; i < candles.Count; i++)
        {
            SimulatedCandle candle = candles[i];
            Assert.Equal(Start + (i * 60), candle.Timestamp);
            Assert.InRange(candle.Open, candle.Low, candle.High);
            Assert.InRange(candle.Close, candle.Low, candle.High);
            Assert.True(candle.Low > 0 && candle.Volume > 0 && candle.QuoteVolume > 0 && candle.Trades > 0);
            Assert.InRange(candle.TakerBaseVolume, 0, candle.Volume);
            Assert.True(i == 0 || candles[i - 1].Close == candle.Open);
        }
    }

    [Fact]
    public void A_candle_is_the_same_wherever_the_reading_starts_and_another_with_another_seed()
    {
        var market = new GeneratedMarket("BTCUSDT", 60_000m, seed: 7);
        var page = new SimulatedCandle[100];
        var single = new SimulatedCandle[1];
        market.Read(Minute, Start, long.MaxValue, page);

        market.Read(Minute, page[42].Timestamp, long.MaxValue, single);
        Assert.Equal(page[42], single[0]);

        new GeneratedMarket("BTCUSDT", 60_000m, seed: 8).Read(Minute, page[42].Timestamp, long.MaxValue, single);
        Assert.NotEqual(page[42], single[0]);
    }

    [Fact]
    public void Hours_and_weeks_are_made_of_their_minutes()
    {
        ISimulatedMarket market = new GeneratedMarket("XRPETH", 0.0014m) { QuietShare = 0.3 };
        foreach (BarInterval interval in new[] { BarInterval.Parse("1h"), BarInterval.Parse("1w") })
        {
            long open = interval.Ceiling(Start);
            SimulatedCandle candle = Assert.Single(market.ReadAll(interval, new TimeRange(open, open)));
            IReadOnlyList<SimulatedCandle> minutes = market.ReadAll(Minute, new TimeRange(open, open + interval.Seconds - 1));

            Assert.Equal(open, candle.Timestamp);
            Assert.Equal(minutes[0].Open, candle.Open);
            Assert.Equal(minutes[^1].Close, candle.Close);
            Assert.Equal(minutes.Max(minute => minute.High), candle.High);
            Assert.Equal(minutes.Min(minute => minute.Low), candle.Low);
            Assert.Equal(minutes.Sum(minute => minute.Volume), candle.Volume);
            Assert.Equal(minutes.Sum(minute => minute.Trades), candle.Trades);
        }
    }

    [Fact]
    public void Markets_of_one_schedule_share_their_outages_and_each_week_has_some()
    {
        IReadOnlyList<ISimulatedMarket> markets = GeneratedMarket.CreateDefaults(seed: 3);
        var week = new TimeRange(Start, Start + (7 * 86_400) - 1);

        TimeRangeSet[] holes = [.. markets.Take(2).Select(market => new TimeRangeSet(Minute, week)
            .Subtract(TimeRangeSet.FromTimestamps(Minute, market.ReadAll(Minute, week).Select(candle => candle.Timestamp).ToArray())))];

        Assert.InRange(holes[0].Count, 3, 5);
        Assert.Equal(holes[0], holes[1]);
    }

    [Fact]
    public void A_quiet_market_lacks_about_the_share_of_minutes_it_says()
    {
        ISimulatedMarket market = new GeneratedMarket("XRPETH", 0.0014m) { QuietShare = 0.3 };

        int count = market.ReadAll(Minute, new TimeRange(Start, Start + (10_000 * 60) - 1)).Count;

        Assert.InRange(count, 6800, 7200);
    }

    [Fact]
    public void Nothing_is_there_before_the_listing_and_after_the_delisting()
    {
        ISimulatedMarket market = new GeneratedMarket("NEWUSDT") { From = Start, To = Start + 600 };

        IReadOnlyList<SimulatedCandle> candles = market.ReadAll(Minute, new TimeRange(0, Start + 100_000));

        Assert.Equal((Start, Start + 600, 11), (candles[0].Timestamp, candles[^1].Timestamp, candles.Count));
    }
}
