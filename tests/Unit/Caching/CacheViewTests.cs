using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Time;
using static Qmtl.Unit.Caching.CacheBars;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Caching;

public class CacheViewTests
{
    private static readonly StreamKey BtcFiveMinutes = new("BTCUSDT", BarInterval.FromSeconds(300));

    private readonly NodeCache _cache = new(4);

    [Fact]
    public void A_view_is_asked_by_stream_or_by_node_id()
    {
        _cache.Append(Btc, 60, 1.0);

        Assert.Same(_cache.View[Btc], _cache.View["BTCUSDT"]);
        Assert.Same(_cache.View[Btc], _cache.View.GetSeries("BTCUSDT", Minute));
        Assert.Equal(Btc, _cache.View["BTCUSDT"].Upstream);
        Assert.True(_cache.View.Contains(Btc));
        Assert.False(_cache.View.Contains(BtcFiveMinutes));
        Assert.Equal([Btc], _cache.View.Upstreams);
    }

    [Fact]
    public void A_node_id_with_two_intervals_is_an_error_that_names_them()
    {
        _cache.Append(Btc, 0, 1.0);
        _cache.Append(BtcFiveMinutes, 0, 2.0);

        var error = Assert.Throws<ArgumentException>(() => _cache.View["BTCUSDT"]);

        Assert.Contains("BTCUSDT 1m, BTCUSDT 5m", error.Message, StringComparison.Ordinal);
        Assert.Equal(2.0, _cache.View[BtcFiveMinutes]["value"]);
    }

    [Fact]
    public void An_unknown_upstream_is_an_error_that_names_those_there_are()
    {
        Assert.Contains("still empty", Assert.Throws<KeyNotFoundException>(() => _cache.View["ETHUSDT"]).Message, StringComparison.Ordinal);
        _cache.Append(Btc, 0, 1.0);

        Assert.Contains("holds BTCUSDT 1m", Assert.Throws<KeyNotFoundException>(() => _cache.View["btcusdt"]).Message, StringComparison.Ordinal);
        Assert.Contains("BTCUSDT 5m", Assert.Throws<KeyNotFoundException>(() => _cache.View[BtcFiveMinutes]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_shows_what_is_held_now_without_a_copy()
    {
        for (int bar = 1; bar <= 6; bar++)
        {
            _cache.Append(Btc, 60 * bar, Close(bar));
        }

        SeriesView series = _cache.View[Btc];
        Assert.Equal(4, series.Count);
        Assert.Equal([180, 240, 300, 360], series.Timestamps.ToArray());
        Assert.Equal([3.0, 4, 5, 6], series.Values("close").ToArray());
        Assert.True(series.Values("close") == series.Values("CLOSE"));
        Assert.Equal((360, 6.0), (series.Latest!.Value.Timestamp, series.Latest.Value.Payload.Bar["close"]));

        _cache.BackfillBulk(Btc, Closes(0, 420));
        Assert.Equal([4.0, 5, 6, 420], series.Values("close").ToArray());
        Assert.Equal(_cache.Slice(Btc, 4).Timestamps.ToArray(), series.ToFrame().Timestamps.ToArray());
    }

    [Fact]
    public void Figures_are_of_the_newest_values()
    {
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 60, 120, 180, 240 }, [Doubles("close", 8, 1, 4, 2), Longs("trades", 1, 2, 3, 4)]));
        SeriesView series = _cache.View[Btc];

        Assert.Equal(2.0, series["close"]);
        Assert.Equal(3L, series.GetValue("trades", 2));
        Assert.Equal([4.0, 2], series.ToArray("close", 2));
        Assert.Equal([1.0, 2, 3, 4], series.ToArray("trades"));
        Assert.Empty(series.ToArray("close", 0));
        Assert.Equal([60, 120, 180, 240], series.GetTimestamps());
        Assert.Equal((3.0, 6.0, 2.0, 4.0), (series.Mean("close", 2), series.Sum("close", 2), series.Min("close", 2), series.Max("close", 2)));
        Assert.Equal((3.75, 1.0, 8.0), (series.Mean("close", 4), series.Min("close", 4), series.Max("close", 4)));
        Assert.Equal(3.5, series.Mean("trades", 2));
    }

    [Fact]
    public void A_null_among_the_values_makes_a_figure_nan()
    {
        bool[] nulls = [false, true, false];
        _cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 60, 120, 180 },
            [new BarColumn<double>("close", new[] { 1.0, 2, 3 }, nulls), new BarColumn<long>("trades", new long[] { 1, 2, 3 }, nulls)]));
        SeriesView series = _cache.View[Btc];

        foreach (string column in new[] { "close", "trades" })
        {
            Assert.Equal([1, double.NaN, 3], series.ToArray(column));
            Assert.Null(series.GetValue(column, 1));
            Assert.Equal(3, series.Mean(column, 1));
            Assert.All([series.Mean(column, 2), series.Sum(column, 3), series.Min(column, 2), series.Max(column, 3)], figure => Assert.Equal(double.NaN, figure));
        }
    }

    [Fact]
    public void Columns_of_any_type_are_read_in_it()
    {
        _cache.Append(Btc, 60, Bar(Longs("n", long.MaxValue), Flags("flag", true), Texts("tag", "x")));
        SeriesView series = _cache.View[Btc];

        Assert.Equal(["n", "flag", "tag"], series.Columns);
        Assert.Equal([long.MaxValue], series.Values<long>("n").ToArray());
        Assert.Equal([true], series.Values<bool>("flag").ToArray());
        Assert.Equal(["x"], series.Values<string>("tag").ToArray());
    }

    [Fact]
    public void What_cannot_be_read_is_an_error_that_says_what_can()
    {
        _cache.Append(Btc, 60, Bar(Doubles("close", 1), Texts("tag", "x")));
        SeriesView series = _cache.View[Btc];

        foreach (Action read in new Action[] { () => series.Values("clsoe"), () => series.GetValue("clsoe"), () => series.Mean("clsoe", 1), () => series.ToArray("clsoe") })
        {
            Assert.StartsWith("BTCUSDT 1m has no column 'clsoe'. It has close, tag.", Assert.Throws<ArgumentException>(read).Message, StringComparison.Ordinal);
        }

        foreach (Action read in new Action[] { () => series.Values("tag"), () => series.Mean("tag", 1), () => series.ToArray("tag") })
        {
            Assert.StartsWith("Column 'tag' of BTCUSDT 1m holds text (string), not numbers (double).", Assert.Throws<ArgumentException>(read).Message, StringComparison.Ordinal);
        }

        Assert.Contains("1 bars are held", Assert.Throws<ArgumentOutOfRangeException>(() => series.Mean("close", 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => series.Mean("close", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => series.ToArray("close", -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => series.GetValue("close", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => series.GetValue("close", -1));
    }

    [Fact]
    public void The_log_counts_what_is_read_through_views_alone()
    {
        _cache.Append(Btc, 60, Close(1));
        _cache.Append(BtcFiveMinutes, 0, 2.0);
        _ = _cache.View[Btc].Values("close");
        var log = new CacheAccessLog();
        _cache.AccessLog = log;

        _ = _cache.View[Btc].Values("close");
        _ = _cache.View[Btc].Mean("Close", 1);
        _ = _cache.View[Btc].Timestamps;
        _ = _cache.View[BtcFiveMinutes].Latest;
        _ = _cache.Slice(Btc, 1);

        Assert.Equal(
            [new CacheAccess(Btc, "close", 2), new CacheAccess(Btc, "ts", 1), new CacheAccess(BtcFiveMinutes, null, 1)],
            log.GetReads());
        log.Clear();
        Assert.Empty(log.GetReads());
    }
}
