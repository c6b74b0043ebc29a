using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    private static readonly BarFrame NoBars = BarFrame.Empty(Minute);

    [StoreFact]
    public async Task Emptiness_is_remembered_by_source_and_within_a_range()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(Frame(60), Set((0, 600)), Set((0, 0), (120, 600)))]);
        await store.WriteAsync(Stream, [Page(NoBars, Set((900, 900)), Set((900, 900)), "other")]);

        Assert.Equal(Set((0, 0), (120, 600)), await store.GetKnownEmptyAsync(Stream, Source));
        Assert.Equal(Set((900, 900)), await store.GetKnownEmptyAsync(Stream, "other"));
        Assert.Equal(Set((0, 0), (120, 600), (900, 900)), await store.GetKnownEmptyAsync(Stream, null));
        Assert.True((await store.GetKnownEmptyAsync(Stream, "nobody")).IsEmpty);
        Assert.Equal(Set((300, 420)), await store.GetKnownEmptyAsync(Stream, Source, new TimeRange(290, 430)));
        Assert.True((await store.GetKnownEmptyAsync(Stream, Source, new TimeRange(60, 60))).IsEmpty);
        Assert.True((await store.GetKnownEmptyAsync(new StreamKey("BTCUSDT", BarInterval.FromSeconds(120)), null)).IsEmpty);
    }

    [StoreFact]
    public async Task Asking_again_replaces_what_was_thought_of_the_asked_bars_only()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(NoBars, Set((0, 6000)), Set((0, 6000)))]);
        await store.WriteAsync(Stream, [Page(NoBars, Set((600, 1200), (3000, 3060)), Set((660, 660)))]);
        Assert.Equal(Set((0, 540), (660, 660), (1260, 2940), (3120, 6000)), await store.GetKnownEmptyAsync(Stream, Source));
    }

    [StoreFact]
    public async Task Asking_one_source_changes_nothing_of_another()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(NoBars, Set((0, 600)), Set((0, 600)), "a"), Page(NoBars, Set((0, 600)), Set((0, 600)), "b")]);
        await store.WriteAsync(Stream, [Page(NoBars, Set((0, 300)), Set(), "a")]);
        Assert.Equal(Set((360, 600)), await store.GetKnownEmptyAsync(Stream, "a"));
        Assert.Equal(Set((0, 600)), await store.GetKnownEmptyAsync(Stream, "b"));
    }

    [StoreFact]
    public async Task A_bar_that_was_written_is_empty_for_no_source()
    {
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(NoBars, Set((0, 600)), Set((0, 600)), "a"), Page(NoBars, Set((0, 600)), Set((0, 600)), "b")]);
        await store.WriteAsync(Stream, [Page(Frame(120, 300, 360), source: "c")]);
        Assert.Equal(Set((0, 60), (180, 240), (420, 600)), await store.GetKnownEmptyAsync(Stream, "a"));
        Assert.Equal(Set((0, 60), (180, 240), (420, 600)), await store.GetKnownEmptyAsync(Stream, "b"));
    }

    [StoreFact]
    public async Task A_range_keeps_the_time_at_which_it_was_learnt()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_000_000));
        await using IHistoryStore store = Open(timeProvider: clock);
        await store.WriteAsync(Stream, [Page(NoBars, Set((0, 600)), Set((0, 600)))]);
        clock.Advance(TimeSpan.FromHours(1));
        await store.WriteAsync(Stream, [Page(NoBars, Set((120, 180), (660, 660)), Set((120, 120), (660, 660)))]);

        Assert.Equal(
            "0-60@1000000 120-120@1003600 240-600@1000000 660-660@1003600",
            await ScalarAsync("SELECT string_agg(t, ' ') FROM (SELECT start_ts || '-' || end_ts || '@' || learnt_at AS t FROM qmtl_empty_ranges ORDER BY start_ts) AS r"));
        Assert.Equal(Set((0, 120), (240, 660)), await store.GetKnownEmptyAsync(Stream, Source));
    }

    [StoreTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Known_empty_bars_equal_a_naive_model(int seed)
    {
        const int Count = 400;
        var random = new Random(seed);
        string[] sources = ["a", "b"];
        var model = sources.ToDictionary(source => source, _ => new HashSet<long>());
        await using IHistoryStore store = Open();
        for (int write = 0; write < 25; write++)
        {
            var pages = new List<BarPage>();
            foreach (string source in sources.Take(random.Next(1, 3)))
            {
                List<long> asked = [.. RandomRun(random, Count)];
                List<long> frame = [.. asked.Where(_ => random.Next(4) == 0)];
                List<long> empty = [.. asked.Except(frame).Where(_ => random.Next(3) > 0)];
                pages.Add(Page(Frame([.. frame]), Bars(asked), Bars(empty), source));
                model[source].ExceptWith(asked);
                model[source].UnionWith(empty);
            }

            foreach (HashSet<long> empty in model.Values)
            {
                empty.ExceptWith(pages.SelectMany(page => page.Frame.Timestamps.ToArray()));
            }

            await store.WriteAsync(Stream, pages);
            foreach (string source in sources)
            {
                var within = new TimeRange(random.Next(Count) * 60, (Count + random.Next(Count)) * 60);
                TimeRangeSet expected = Bars(model[source]);
                Assert.Equal(expected, await store.GetKnownEmptyAsync(Stream, source));
                Assert.Equal(expected.Intersect(within), await store.GetKnownEmptyAsync(Stream, source, within));
            }
        }

        static TimeRangeSet Bars(IEnumerable<long> timestamps) => TimeRangeSet.FromTimestamps(Minute, [.. timestamps.Order()]);

        static IEnumerable<long> RandomRun(Random random, int bars)
        {
            int start = random.Next(bars);
            return Enumerable.Range(start, random.Next(1, bars / 2)).Where(_ => random.Next(10) > 0).Select(bar => bar * 60L);
        }
    }

    [StoreFact]
    public async Task Hundreds_of_single_holes_are_learnt_and_forgotten_in_one_write()
    {
        TimeRangeSet holes = TimeRangeSet.FromTimestamps(Minute, [.. Enumerable.Range(0, 5000).Select(hole => hole * 120L)]);
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(NoBars, holes, holes)]);
        Assert.Equal(holes, await store.GetKnownEmptyAsync(Stream, Source));
        Assert.Equal("5000", Convert.ToString(await ScalarAsync("SELECT count(*) FROM qmtl_empty_ranges"), CultureInfo.InvariantCulture));

        await store.WriteAsync(Stream, [Page(NoBars, Set((0, 600_000)))]);
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
        Assert.Equal("0", Convert.ToString(await ScalarAsync("SELECT count(*) FROM qmtl_empty_ranges"), CultureInfo.InvariantCulture));
    }
}
