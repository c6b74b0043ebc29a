using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    [StoreFact]
    public async Task A_summary_counts_what_coverage_and_known_emptiness_tell()
    {
        await using IHistoryStore store = Open();
        var odd = new StreamKey("it's {0} \"odd\"", Minute);
        await store.WriteAsync(Stream, [Page(Frame(60, 120, 300, 600), Set((60, 900)), Set((180, 240), (660, 720)), "a")]);
        await store.WriteAsync(Stream, [Page(NoBars, Set((360, 360)), Set((360, 360)), "b")]);
        await WriteAsync(store, odd, Frame(0));
        await store.WriteAsync(new StreamKey("nothing", Minute), [Page(NoBars, Set((0, 600)), Set((0, 600)))]);

        IReadOnlyList<HistorySummary> all = await store.SummarizeAsync();
        Assert.Equal([Stream, odd], all.Select(summary => summary.Stream));
        Assert.Equal(new TimeRange(60, 600), all[0].Bounds);
        Assert.Equal((4L, 3L, 3L, 2L), (all[0].Bars, all[0].Empty, all[0].Missing, all[0].EmptyAfter));
        Assert.Equal(4 / 7.0, all[0].Completeness, 12);
        Assert.True(all.All(summary => summary.Bytes is > 0), string.Join(", ", all.Select(summary => summary.Bytes)));

        HistorySummary ofOneSource = Assert.Single(await store.SummarizeAsync([Stream, new StreamKey("nobody", Minute)], _ => "a"));
        Assert.Equal((4L, 2L, 4L), (ofOneSource.Bars, ofOneSource.Empty, ofOneSource.Missing));

        // 660 and 720 are known to be empty; the bar of 900 has not closed at 959.
        Assert.Equal(2, all[0].CountBehind(DateTimeOffset.FromUnixTimeSeconds(959)));
        Assert.Equal(TimeSpan.FromSeconds(299), all[0].GetFreshness(DateTimeOffset.FromUnixTimeSeconds(959)));
        Assert.Equal((0L, TimeSpan.Zero), (all[0].CountBehind(DateTimeOffset.FromUnixTimeSeconds(600)), all[0].GetFreshness(DateTimeOffset.FromUnixTimeSeconds(600))));
    }

    [StoreTheory]
    [InlineData("1m", 1)]
    [InlineData("1w", 2)]
    [InlineData("1M", 3)]
    [InlineData("1d@08:00", 4)]
    [InlineData("7s", 5)]
    public async Task Summaries_equal_a_look_at_each_stream(string text, int seed)
    {
        var random = new Random(seed);
        var interval = BarInterval.Parse(text);
        await using IHistoryStore store = Open();
        for (int node = 0; node < 3; node++)
        {
            var stream = new StreamKey($"node{node}", interval);
            long[] opens = [.. Enumerable.Range(0, 300).Where(_ => random.Next(3) > 0).Select(bar => interval.Add(interval.Ceiling(0), bar))];
            TimeRangeSet stored = TimeRangeSet.FromTimestamps(interval, opens);
            var all = new TimeRangeSet(interval, stored.Bounds!.Value);
            TimeRangeSet empty = all.Subtract(stored).Intersect(new TimeRange(opens[20], opens[120]));
            await store.WriteAsync(stream, [new BarPage(Source, new BarFrame(interval, opens, []), all, empty)]);
        }

        await RequireSameAsync(store);
    }

    [StoreFact]
    public async Task Rows_of_other_programs_count_in_a_summary_as_they_do_in_coverage()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(Frame(60, 120, 300, 600), Set((60, 900)), Set((180, 240), (660, 720)))]);

        // On no grid, before the first bar, where a source was known to have nothing, of no possible stream.
        foreach (string row in new List<string> { "'BTCUSDT', 60, 130", "'BTCUSDT', 60, 7", "'BTCUSDT', 60, 240", "'BTCUSDT', 0, 60" })
        {
            await ExecuteAsync($"INSERT INTO \"BTCUSDT\" (node_id, \"interval\", ts) VALUES ({row})");
        }

        HistorySummary summary = Assert.Single(await store.SummarizeAsync());
        Assert.Equal((5L, 1L, 4L), (summary.Bars, summary.Empty, summary.Missing));
        await RequireSameAsync(store);
    }

    [StoreFact]
    public async Task A_summary_of_a_table_without_a_key_counts_each_bar_once()
    {
        await ExecuteAsync(CreateForeignTable);
        foreach (long timestamp in new List<long> { 180, 60, 120, 120, 119, 61, 300, 180 })
        {
            await ExecuteAsync(Row(timestamp, 1));
        }

        await using IHistoryStore store = Open();
        HistorySummary summary = Assert.Single(await store.SummarizeAsync());
        Assert.Equal((new TimeRange(60, 300), 4L, 1L), (summary.Bounds, summary.Bars, summary.Missing));
    }

    [StoreFact]
    public async Task Streams_of_one_table_are_summarized_by_themselves()
    {
        await using IHistoryStore store = Open("everything");
        await WriteAsync(store, new StreamKey("a", Minute), Frame(60, 120));
        await WriteAsync(store, new StreamKey("b", Minute), Frame(60, 240));
        IReadOnlyList<HistorySummary> all = await store.SummarizeAsync();
        Assert.Equal([("a", 2L, 0L), ("b", 2L, 2L)], all.Select(summary => (summary.Stream.NodeId, summary.Bars, summary.Missing)));
        Assert.Equal(all[0].Bytes, all[1].Bytes);
        await using IHistoryStore nothing = Open();
        Assert.Empty(await nothing.SummarizeAsync([new StreamKey("zzz", Minute)]));
    }

    private static async Task RequireSameAsync(IHistoryStore store)
    {
        var expected = new List<HistorySummary>();
        foreach (StreamKey stream in await store.GetStreamsAsync())
        {
            expected.Add(HistorySummary.Of(stream, await store.GetCoverageAsync(stream), await store.GetKnownEmptyAsync(stream, null))!);
        }

        Assert.NotEmpty(expected);
        Assert.Equal(expected, (await store.SummarizeAsync()).Select(summary => summary with { Bytes = null }));
    }
}
