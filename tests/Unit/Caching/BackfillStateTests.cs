using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Time;
using static Qmtl.Unit.Caching.CacheBars;

namespace Qmtl.Unit.Caching;

public class BackfillStateTests
{
    private readonly BackfillState _state = new();

    [Theory]
    [InlineData(60, 120, true)]
    [InlineData(120, 120, true)]
    [InlineData(60, 180, false)]
    [InlineData(0, 60, false)]
    [InlineData(60, 240, false)]
    [InlineData(240, 240, true)]
    [InlineData(300, 360, false)]
    [InlineData(1, 179, true)]
    [InlineData(121, 179, true)]
    public void A_range_is_complete_where_each_of_its_bars_is_marked(long start, long end, bool expected)
    {
        _state.MarkComplete(Btc, new TimeRange(60, 120));
        _state.MarkComplete(Btc, TimeRangeSet.FromTimestamps(Minute, [240]));

        Assert.Equal(expected, _state.IsComplete(Btc, new TimeRange(start, end)));
    }

    [Fact]
    public void Ranges_that_touch_become_one()
    {
        _state.MarkComplete(Btc, new TimeRange(60, 120));
        _state.MarkComplete(Btc, new TimeRange(240, 240));
        Assert.Equal([new TimeRange(60, 120), new TimeRange(240, 240)], _state.GetRanges(Btc));

        _state.MarkComplete(Btc, new TimeRange(130, 185));
        Assert.Equal([new TimeRange(60, 240)], _state.GetRanges(Btc));
    }

    [Fact]
    public void Streams_are_kept_apart()
    {
        var other = new StreamKey("BTCUSDT", BarInterval.FromSeconds(300));
        _state.MarkComplete(Btc, new TimeRange(0, 600));

        Assert.False(_state.IsComplete(other, new TimeRange(0, 600)));
        Assert.True(_state.GetRanges(other).IsEmpty);
        Assert.Equal(other.Interval, _state.GetRanges(other).Interval);
    }

    [Fact]
    public void What_is_forgotten_is_complete_no_more()
    {
        Assert.False(_state.Forget(Btc));
        _state.MarkComplete(Btc, new TimeRange(60, 120));

        Assert.True(_state.Forget(Btc));
        Assert.False(_state.IsComplete(Btc, new TimeRange(60, 120)));
    }

    [Fact]
    public void Bars_of_another_interval_are_refused()
    {
        var set = TimeRangeSet.FromTimestamps(BarInterval.FromSeconds(300), [0]);

        Assert.Contains("5m", Assert.Throws<ArgumentException>(() => _state.MarkComplete(Btc, set)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Marks_of_many_threads_are_all_kept()
    {
        Parallel.For(0, 1000, bar => _state.MarkComplete(Btc, new TimeRange(60 * bar, 60 * bar)));

        Assert.Equal([new TimeRange(0, 60 * 999)], _state.GetRanges(Btc));
    }
}
