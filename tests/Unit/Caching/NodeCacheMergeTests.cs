using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using static Qmtl.Unit.Caching.CacheBars;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Caching;

/// <summary>What happens between the beginning and the end of a large merge, brought about exactly there.</summary>
public class NodeCacheMergeTests
{
    public static TheoryData<bool> Phases => [false, true];

    [Theory]
    [InlineData("180", "60=60 120=120 180=181L 240=240 300=300")]
    [InlineData("60 120 180 240 300", "60=61L 120=121L 180=181L 240=241L 300=301L")]
    [InlineData("360", "120=120 180=180 240=240 300=300 360=361L")]
    [InlineData("360 420", "180=180 240=240 300=300 360=361L 420=421L")]
    [InlineData("0", "60=60 120=120 180=180 240=240 300=300")]
    [InlineData("420 0 480 180", "180=181L 240=240 300=300 420=421L 480=481L")]
    [InlineData("360 360 180 360", "120=120 180=181L 240=240 300=300 360=361L")]
    public void A_live_bar_that_comes_in_the_middle_of_a_merge_wins(string arriving, string expected)
    {
        foreach (MergePhase phase in Enum.GetValues<MergePhase>())
        {
            NodeCache cache = CacheThatHolds(period: 5, Closes(0, -60));
            InTheMiddle(cache, phase, () => Append(cache, arriving));

            cache.BackfillBulk(Btc, Closes(0, 60, 120, 180, 240, 300));

            Assert.Equal(expected, Describe(cache));
        }
    }

    [Fact]
    public void Readers_see_the_old_bars_until_a_merge_is_done()
    {
        NodeCache cache = CacheThatHolds(period: 10, Closes(0.5, 60, 300));
        string seen = string.Empty;
        InTheMiddle(cache, MergePhase.Built, () => seen = $"{Describe(cache)}, {cache.Count(Btc)}, {cache.Latest(Btc)?.Timestamp}, {cache.Slice(Btc, 10).Count}");

        cache.BackfillBulk(Btc, Closes(0, 120, 180, 240, 360));

        Assert.Equal("60=60.5 300=300.5, 2, 300, 2", seen);
        Assert.Equal("60=60.5 120=120 180=180 240=240 300=300.5 360=360", Describe(cache));
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void So_many_bars_may_come_in_the_middle_of_a_merge_that_the_arrays_turn_over(bool isBuilt)
    {
        NodeCache cache = CacheThatHolds(period: 40, Closes(0, [.. Enumerable.Range(0, 40).Select(i => 60L * i)]));
        InTheMiddle(cache, isBuilt ? MergePhase.Built : MergePhase.Reading, () =>
        {
            for (int i = 40; i < 500; i++)
            {
                cache.Append(Btc, 60 * i, Close(i));
            }
        });

        cache.BackfillBulk(Btc, Closes(0.5, [.. Enumerable.Range(0, 480).Select(i => 60L * i)]));

        Assert.Equal(string.Join(' ', Enumerable.Range(460, 40).Select(i => $"{60 * i}={i}L")), Describe(cache));
        Assert.False(cache.IsMissing(Btc));
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void A_late_bar_in_the_middle_of_a_merge_moves_none_that_the_merge_reads(bool isBuilt)
    {
        NodeCache cache = CacheThatHolds(period: 100, Closes(0, [.. Enumerable.Range(0, 20).Select(i => 120L * i)]));
        InTheMiddle(cache, isBuilt ? MergePhase.Built : MergePhase.Reading, () =>
        {
            cache.Append(Btc, 60, Close(-1));
            cache.Append(Btc, 180, Close(-2));
        });

        cache.BackfillBulk(Btc, Closes(0.5, 300, 420));

        Assert.Equal("0=0 60=-1L 120=120 180=-2L 240=240 300=300.5 360=360 420=420.5 480=480", string.Join(' ', Describe(cache).Split(' ').Take(9)));
        Assert.Equal(24, cache.Count(Btc));
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void Columns_may_come_and_widen_in_the_middle_of_a_merge(bool isBuilt)
    {
        NodeCache cache = CacheThatHolds(period: 10, new BarFrame(Minute, new long[] { 60 }, [Longs("n", 1)]));
        InTheMiddle(cache, isBuilt ? MergePhase.Built : MergePhase.Reading, () =>
        {
            cache.Append(Btc, 120, Bar(Doubles("n", 2.5), Texts("tag", "live")));
            cache.Append(Btc, 180, Payload.From("value"));
        });

        cache.BackfillBulk(Btc, new BarFrame(Minute, new long[] { 0, 120 }, [Longs("n", 7, 8), Flags("flag", true, false)]));

        BarFrame slice = cache.Slice(Btc, 10);
        Assert.Equal([7.0, 1.0, 2.5, null], slice.Rows.Select(row => row["n"]));
        Assert.Equal([true, null, null, null], slice.Rows.Select(row => row["flag"]));
        Assert.Equal([null, null, "live", null], slice.Rows.Select(row => row["tag"]));
        Assert.Equal([null, null, null, "value"], slice.Rows.Select(row => row["value"]));
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void A_conflict_with_a_bar_that_came_in_the_middle_of_a_merge_undoes_the_merge_alone(bool isBuilt)
    {
        NodeCache cache = CacheThatHolds(period: 10, Closes(0, 60));
        InTheMiddle(cache, isBuilt ? MergePhase.Built : MergePhase.Reading, () => cache.Append(Btc, 120, Bar(Doubles("close", 1), Texts("x", "live"))));

        var frame = new BarFrame(Minute, new long[] { 120, 180 }, [Doubles("x", 1, 2)]);
        var error = Assert.Throws<InvalidOperationException>(() => cache.BackfillBulk(Btc, frame));

        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
        Assert.Equal("60=60 120=1L", Describe(cache));
        Assert.Equal([new Qmtl.Time.TimeRange(60, 60)], cache.State.GetRanges(Btc));
        cache.Append(Btc, 180, Close(2));
        Assert.Equal("60=60 120=1L 180=2L", Describe(cache));
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public void A_series_that_is_dropped_in_the_middle_of_a_merge_stays_dropped(bool isBuilt)
    {
        NodeCache cache = CacheThatHolds(period: 10, Closes(0, 60));
        InTheMiddle(cache, isBuilt ? MergePhase.Built : MergePhase.Reading, () =>
        {
            Assert.True(cache.Drop(Btc));
            cache.Append(Btc, 240, Close(1));
        });

        cache.BackfillBulk(Btc, Closes(0, 120, 180));

        Assert.Equal("240=1L", Describe(cache));
        Assert.True(cache.State.GetRanges(Btc).IsEmpty);
    }

    // Every merge is a large one.
    private static NodeCache CacheThatHolds(int period, BarFrame bars)
    {
        var cache = new NodeCache(period, inPlaceLimit: 0);
        cache.BackfillBulk(Btc, bars);
        return cache;
    }

    private static void InTheMiddle(NodeCache cache, MergePhase phase, Action action) => cache.Find(Btc)!.Merging = reached =>
    {
        if (reached == phase)
        {
            action();
        }
    };

    private static void Append(NodeCache cache, string timestamps)
    {
        foreach (string timestamp in timestamps.Split(' '))
        {
            long open = long.Parse(timestamp, System.Globalization.CultureInfo.InvariantCulture);
            cache.Append(Btc, open, Close(open + 1));
        }
    }
}
