using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;
using static Qmtl.Unit.Caching.CacheBars;

namespace Qmtl.Unit.Caching;

public class NodeCacheTests
{
    /// <summary>
    /// What is done (a number appends a live bar, brackets merge history), with what period, and what is held then; L is live.
    /// </summary>
    [Theory]
    [InlineData(3, "60 120 180", "60=61L 120=121L 180=181L")]
    [InlineData(3, "60 120 180 240", "120=121L 180=181L 240=241L")]
    [InlineData(3, "60 180 120", "60=61L 120=121L 180=181L")]
    [InlineData(3, "60 180 240 120", "120=121L 180=181L 240=241L")]
    [InlineData(3, "120 180 240 60", "120=121L 180=181L 240=241L")]
    [InlineData(1, "120 60", "120=121L")]
    [InlineData(3, "75 119", "60=120L")]
    [InlineData(3, "-1", "-60=0L")]
    [InlineData(5, "[60 120]", "60=60 120=120")]
    [InlineData(5, "[60 120 180] 120", "60=60 120=121L 180=180")]
    [InlineData(5, "120 [60 120 180]", "60=60 120=121L 180=180")]
    [InlineData(5, "[60 180] [120]", "60=60 120=120 180=180")]
    [InlineData(2, "[60 120 180 240]", "180=180 240=240")]
    [InlineData(2, "180 240 [60 120]", "180=181L 240=241L")]
    [InlineData(2, "60 240 [120 180]", "180=180 240=241L")]
    [InlineData(3, "[60 120 180] 240 [240 300]", "180=180 240=241L 300=300")]
    public void Live_bars_and_history_meet(int period, string steps, string expected)
    {
        foreach (int inPlaceLimit in new[] { 0, int.MaxValue })
        {
            var cache = new NodeCache(period, inPlaceLimit);
            foreach (string step in steps.Replace("[", "[|", StringComparison.Ordinal).Split(['[', ']'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (step.StartsWith('|'))
                {
                    cache.BackfillBulk(Btc, Closes(0, Numbers(step[1..])));
                    continue;
                }

                foreach (long timestamp in Numbers(step))
                {
                    cache.Append(Btc, timestamp, Close(timestamp + 1));
                }
            }

            Assert.Equal(expected, Describe(cache));
        }
    }

    [Fact]
    public void A_merge_counts_the_bars_that_it_brought_in()
    {
        var cache = new NodeCache(4);

        Assert.Equal(2, cache.BackfillBulk(Btc, Closes(0, 60, 180)));
        cache.Append(Btc, 120, Close(1));
        Assert.Equal(2, cache.BackfillBulk(Btc, Closes(0.5, 60, 120, 180)));
        Assert.Equal("60=60.5 120=1L 180=180.5", Describe(cache));
        Assert.Equal(2, cache.BackfillBulk(Btc, Closes(0, 0, 120, 240, 300)));
        Assert.Equal(0, cache.BackfillBulk(Btc, Closes(0, 0, 60)));
        Assert.Equal(0, cache.BackfillBulk(Btc, BarFrame.Empty(Minute)));
    }

    [Fact]
    public void State_has_the_ranges_merged_whether_or_not_the_bars_are_still_held()
    {
        var cache = new NodeCache(2);

        cache.BackfillBulk(Btc, Closes(0, 60, 120, 240));
        Assert.Equal([new TimeRange(60, 120), new TimeRange(240, 240)], cache.State.GetRanges(Btc));

        cache.BackfillBulk(Btc, Closes(0, 180, 300));
        Assert.Equal([new TimeRange(60, 300)], cache.State.GetRanges(Btc));

        cache.Append(Btc, 360, Close(1));
        Assert.Equal([new TimeRange(60, 300)], cache.State.GetRanges(Btc));
    }

    [Theory]
    [InlineData(3, "60", false)]
    [InlineData(3, "60 120", false)]
    [InlineData(3, "60 180", true)]
    [InlineData(3, "60 180 240", false)]
    [InlineData(3, "60 180 120", false)]
    [InlineData(3, "60 60", false)]
    [InlineData(1, "60 120", false)]
    [InlineData(1, "60 180", true)]
    [InlineData(1, "180 60 120", false)]
    public void A_bar_is_missing_where_the_newest_does_not_follow_the_one_before_it(int period, string appended, bool expected)
    {
        var cache = new NodeCache(period);
        foreach (long timestamp in Numbers(appended))
        {
            cache.Append(Btc, timestamp, 1.0);
        }

        Assert.Equal(expected, cache.IsMissing(Btc));
    }

    [Fact]
    public void A_merge_closes_the_gap_before_the_newest_bar()
    {
        var cache = new NodeCache(5);
        cache.Append(Btc, 60, Close(1));
        cache.Append(Btc, 240, Close(2));
        Assert.True(cache.IsMissing(Btc));

        cache.BackfillBulk(Btc, Closes(0, 120, 180));

        Assert.False(cache.IsMissing(Btc));
        Assert.Equal(240, cache.LastTimestamp(Btc));
    }

    [Fact]
    public void A_series_is_ready_once_it_holds_the_period()
    {
        var cache = new NodeCache(2);
        cache.Append(Btc, 60, 1.0);
        Assert.False(cache.IsReady(Btc));
        cache.Append(Btc, 60, 1.0);
        Assert.False(cache.IsReady(Btc));
        cache.Append(Btc, 180, 1.0);
        Assert.True(cache.IsReady(Btc));
    }

    [Fact]
    public void Of_an_unknown_upstream_nothing_is_held()
    {
        var cache = new NodeCache(2);

        Assert.Equal(0, cache.Count(Btc));
        Assert.Null(cache.Latest(Btc));
        Assert.Null(cache.LastTimestamp(Btc));
        Assert.False(cache.IsMissing(Btc));
        Assert.False(cache.IsReady(Btc));
        Assert.False(cache.Drop(Btc));
        Assert.Empty(cache.Upstreams);
        foreach (BarFrame frame in new[] { cache.Slice(Btc, 5), cache.Slice(Btc, 1, 2), cache.Slice(Btc, new TimeRange(0, 600)) })
        {
            Assert.Equal((0, Minute), (frame.Count, frame.Interval));
        }
    }

    [Fact]
    public void No_result_is_no_bar()
    {
        var cache = new NodeCache(2);
        cache.Append(Btc, 60, Payload.None);
        cache.BackfillBulk(Btc, BarFrame.Empty(Minute));

        Assert.Empty(cache.Upstreams);
    }

    [Fact]
    public void Upstreams_are_those_seen_in_order_of_their_first_bar()
    {
        var cache = new NodeCache(2);
        StreamKey[] keys = [new("b", Minute), new("a", Minute), new("b", BarInterval.FromSeconds(300))];
        foreach (StreamKey key in keys.Concat(keys))
        {
            cache.Append(key, 0, 1.0);
        }

        Assert.Equal(keys, cache.Upstreams);
        Assert.True(cache.Drop(keys[1]));
        Assert.Equal([keys[0], keys[2]], cache.Upstreams);
    }

    [Fact]
    public void Drop_frees_the_bars_and_forgets_the_ranges()
    {
        var cache = new NodeCache(1000);
        cache.BackfillBulk(Btc, Closes(0, [.. Enumerable.Range(0, 1000).Select(i => 60L * i)]));

        Assert.True(cache.Drop(Btc));

        Assert.Equal(0, cache.ResidentBytes);
        Assert.Equal(0, cache.Count(Btc));
        Assert.True(cache.State.GetRanges(Btc).IsEmpty);
        Assert.False(cache.Drop(Btc));

        // Another type than before: the columns are forgotten too.
        cache.Append(Btc, 60, Bar(new BarColumn<string?>("close", new[] { "x" })));
        Assert.Equal("60=xL", Describe(cache));
    }

    [Fact]
    public void Slices_are_copies()
    {
        var cache = new NodeCache(3);
        cache.BackfillBulk(Btc, Closes(0, 60, 120, 180));
        BarFrame slice = cache.Slice(Btc, 3);

        cache.Append(Btc, 180, Close(-1));
        cache.Append(Btc, 240, Close(-1));

        Assert.Equal([60, 120, 180], slice.Timestamps.ToArray());
        Assert.Equal([60.0, 120, 180], ((BarColumn<double>)slice.Columns[0]).Values.ToArray());
    }

    [Fact]
    public void Slices_are_taken_by_count_by_index_and_by_time()
    {
        var cache = new NodeCache(10);
        cache.BackfillBulk(Btc, Closes(0, 60, 120, 180, 300));

        Assert.Equal([180, 300], cache.Slice(Btc, 2).Timestamps.ToArray());
        Assert.Equal([60, 120, 180, 300], cache.Slice(Btc, 99).Timestamps.ToArray());
        Assert.Empty(cache.Slice(Btc, 0).Timestamps.ToArray());
        Assert.Equal([120, 180], cache.Slice(Btc, 1, 2).Timestamps.ToArray());
        Assert.Empty(cache.Slice(Btc, 4, 0).Timestamps.ToArray());
        Assert.Equal([120, 180], cache.Slice(Btc, new TimeRange(61, 240)).Timestamps.ToArray());
        Assert.Equal([120, 180, 300], cache.Slice(Btc, new TimeRange(120, 300)).Timestamps.ToArray());
        Assert.Equal([60, 120, 180, 300], cache.Slice(Btc, new TimeRange(long.MinValue, long.MaxValue)).Timestamps.ToArray());
        Assert.Empty(cache.Slice(Btc, new TimeRange(181, 299)).Timestamps.ToArray());
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 3)]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void A_slice_by_index_outside_is_refused(int start, int length)
    {
        var cache = new NodeCache(10);
        cache.BackfillBulk(Btc, Closes(0, 60, 120));

        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Slice(Btc, start, length));
    }

    [Fact]
    public void Bad_arguments_are_refused_with_the_reason()
    {
        Assert.Contains("at least one bar", Assert.Throws<ArgumentOutOfRangeException>(() => new NodeCache(0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new NodeCache(-5));

        var cache = new NodeCache(int.MaxValue);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Slice(Btc, -1));
        Assert.Throws<ArgumentNullException>(() => cache.BackfillBulk(Btc, null!));
        Assert.Throws<ArgumentException>(() => cache.Append(default, 60, 1.0));
        Assert.Throws<ArgumentException>(() => cache.BackfillBulk(default, Closes(0, 60)));
        var fiveMinutes = new StreamKey("BTCUSDT", BarInterval.FromSeconds(300));
        Assert.Contains("1m", Assert.Throws<ArgumentException>(() => cache.BackfillBulk(fiveMinutes, Closes(0, 60))).Message, StringComparison.Ordinal);
        Assert.Empty(cache.Upstreams);
    }

    private static long[] Numbers(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, System.Globalization.CultureInfo.InvariantCulture))];
}
