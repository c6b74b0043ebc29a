using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Qmtl.Backfill;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

public sealed class BackfillPlannerTests
{
    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    [Fact]
    public void Scattered_holes_share_pages()
    {
        // As in the real XRPETH candles: single holes strewn over 3,560 bars, pages of 1,000.
        var holes = new TimeRangeSet(Minute, Enumerable.Range(0, 676).Select(i => new TimeRange(i * 300L, i * 300L)));

        Assert.Equal(4, BackfillPlanner.CountRequests(holes, 1000));
        Assert.Equal(4, BackfillPlanner.Plan(holes, 1000).Count());
    }

    [Fact]
    public void A_request_ends_with_its_last_missing_bar()
    {
        var missing = new TimeRangeSet(Minute, new TimeRange(0, 0), new TimeRange(300, 300));

        Assert.Equal([new TimeRange(0, 300)], BackfillPlanner.Plan(missing, 1000).Select(request => request.Range));
    }

    [Fact]
    public void A_long_range_is_cut_into_full_pages()
    {
        var missing = new TimeRangeSet(Minute, new TimeRange(0, 60 * 2499));

        Assert.Equal(
            [new TimeRange(0, 60 * 999), new TimeRange(60 * 1000, 60 * 1999), new TimeRange(60 * 2000, 60 * 2499)],
            BackfillPlanner.Plan(missing, 1000).Select(request => request.Range));
    }

    [Fact]
    public void Nothing_missing_needs_no_request()
    {
        Assert.Empty(BackfillPlanner.Plan(TimeRangeSet.Empty(Minute), 1000));
        Assert.Equal(0, BackfillPlanner.CountRequests(TimeRangeSet.Empty(Minute), 1));
    }

    [Fact]
    public void A_page_of_no_bars_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BackfillPlanner.Plan(TimeRangeSet.Empty(Minute), 0));
    }

    [Fact]
    public void A_count_of_very_many_requests_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        var centuries = new TimeRangeSet(BarInterval.FromSeconds(1), new TimeRange(0, 60_000_000_000));

        Assert.Throws<OperationCanceledException>(() => BackfillPlanner.CountRequests(centuries, 1, cancellation.Token));
    }

    [Property]
    public Property Every_missing_bar_is_asked_for_once_and_no_plan_is_shorter()
    {
        Gen<long[]> bars = Gen.Choose(0, 120).ArrayOf().Select(indexes => indexes.Select(i => i * 60L).ToArray());
        return Prop.ForAll(bars.ToArbitrary(), Gen.Choose(1, 20).ToArbitrary(), (timestamps, page) =>
        {
            var missing = new TimeRangeSet(Minute, timestamps.Select(timestamp => new TimeRange(timestamp, timestamp)));
            List<PlannedRequest> plan = [.. BackfillPlanner.Plan(missing, page)];

            Assert.Equal(missing, plan.Aggregate(TimeRangeSet.Empty(Minute), (all, request) => all.Union(request.Missing)));
            Assert.Equal(missing.BarCount, plan.Sum(request => request.Missing.BarCount));
            Assert.All(plan, request =>
            {
                Assert.True(request.Range.CountBars(Minute) <= page);
                Assert.Equal(request.Missing.Bounds, request.Range);
            });
            Assert.Equal(FewestWindows(timestamps, page), plan.Count);
            Assert.Equal(plan.Count, BackfillPlanner.CountRequests(missing, page));
        });
    }

    [Property]
    public Property What_is_missing_is_what_was_asked_for_and_is_neither_stored_nor_empty()
    {
        Gen<TimeRangeSet> sets = Gen.Choose(0, 60).ArrayOf().Select(indexes =>
            new TimeRangeSet(Minute, indexes.Select(i => new TimeRange(i * 60L, (i + (i % 4)) * 60L))));
        return Prop.ForAll(sets.ToArbitrary(), sets.ToArbitrary(), sets.ToArbitrary(), (requested, covered, empty) =>
        {
            TimeRangeSet missing = BackfillPlanner.FindMissing(requested, covered, empty);
            for (long bar = 0; bar <= 70 * 60; bar += 60)
            {
                Assert.Equal(requested.Contains(bar) && !covered.Contains(bar) && !empty.Contains(bar), missing.Contains(bar));
            }
        });
    }

    // The optimum by dynamic programming, independent of the greedy argument.
    private static int FewestWindows(long[] timestamps, int page)
    {
        long[] bars = [.. timestamps.Distinct().Order()];
        int[] fewest = new int[bars.Length + 1];
        for (int end = 1; end <= bars.Length; end++)
        {
            fewest[end] = int.MaxValue;
            for (int start = end; start >= 1 && bars[end - 1] - bars[start - 1] < page * 60L; start--)
            {
                fewest[end] = Math.Min(fewest[end], fewest[start - 1] + 1);
            }
        }

        return fewest[bars.Length];
    }
}
