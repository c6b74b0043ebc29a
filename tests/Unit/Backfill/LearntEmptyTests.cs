using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>Answers that looked as if bars did not exist, each as it was found.</summary>
public sealed class LearntEmptyTests : BackfillEngineTestBase
{
    private static readonly TimeRange Thousand = new(0, 60 * 999);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_that_caps_below_what_it_was_asked_is_asked_for_the_rest(bool newestFirst)
    {
        var source = new LyingSource { BarsPerRequest = 1000, Bars = Minutes(0, 1000), Cap = 500, NewestFirst = newestFirst };

        BackfillResult result = await RunOneAsync(source, Thousand);

        Assert.Equal((BackfillStatus.Completed, 1000L, 0L, 2), (result.Status, result.BarsWritten, result.BarsEmpty, result.Requests));
    }

    [Fact]
    public async Task A_whole_page_costs_one_request_and_one_without_its_last_bars_one_more()
    {
        var whole = new LyingSource { BarsPerRequest = 1000, Bars = Minutes(0, 1000) };
        var sparse = new LyingSource { BarsPerRequest = 1000, Bars = Minutes(2000, 900) };

        BackfillResult first = await RunOneAsync(whole, Thousand);
        BackfillResult second = await RunOneAsync(sparse, new TimeRange(60 * 2000, 60 * 2999));

        Assert.Equal((1, 0L), (first.Requests, first.BarsEmpty));
        Assert.Equal((2, 100L, BackfillStatus.Completed), (second.Requests, second.BarsEmpty, second.Status));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_row_before_the_range_does_not_make_the_last_bar_of_a_page_empty(bool hasLast)
    {
        var source = new LyingSource { BarsPerRequest = 10, Bars = Minutes(-5, 105), Cap = 10, CountsBars = true, RowsBeside = 1 };
        if (!hasLast)
        {
            source.Bars.Remove(60 * 9);
        }

        BackfillResult result = await RunOneAsync(source, new TimeRange(0, 60 * 99));

        Assert.Equal((BackfillStatus.Completed, hasLast ? 100L : 99L, hasLast ? 0L : 1L), (result.Status, result.BarsWritten, result.BarsEmpty));
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(0, 99)]
    [InlineData(50, 50)]
    [InlineData(1, 99)]
    [InlineData(40, 20)]
    public async Task A_row_from_far_away_in_each_answer_keeps_no_hole_open(int first, int count)
    {
        foreach (long far in new[] { -60_000L, 60_000L })
        {
            var stream = new StreamKey($"{far}", Stream.Interval);
            var source = new LyingSource { BarsPerRequest = 1000, Bars = Minutes(first, count), FarRow = far, CountsBars = true };

            BackfillResult result = Assert.Single(await RunAsync(source, [new TimeRange(0, 60 * 99)], stream: stream));
            Assert.Equal((BackfillStatus.Completed, (long)count, 100L - count), (result.Status, result.BarsWritten, result.BarsEmpty));
        }
    }

    [Fact]
    public async Task A_hole_beside_stored_bars_is_completed_in_a_later_run_whatever_row_comes_from_far_away()
    {
        SortedSet<long> bars = Minutes(0, 50);
        await RunOneAsync(new LyingSource { BarsPerRequest = 1000, Bars = bars }, new TimeRange(0, 60 * 49));
        var source = new LyingSource { BarsPerRequest = 1000, Bars = bars, FarRow = 60_000 };

        BackfillResult result = await RunOneAsync(source, new TimeRange(0, 60 * 99));

        Assert.Equal((BackfillStatus.Empty, 50L, 0L), (result.Status, result.BarsEmpty, result.BarsMissing));
    }

    [Fact]
    public async Task A_source_that_gives_one_row_whatever_it_is_asked_teaches_nothing_of_what_is_far_from_it()
    {
        var source = new DelegateFetcher("now", (_, _, _) => Task.FromResult(ScriptedFetcher.Bars([60_000L])));

        IReadOnlyList<BackfillResult> results = [.. await RunAsync(source, [new TimeRange(60_000, 60_000), new TimeRange(0, 60 * 99)])];

        Assert.Equal([BackfillStatus.Completed, BackfillStatus.Partial], results.OrderByDescending(result => result.Range.Start).Select(result => result.Status));
        Assert.True((await Store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
    }

    [Theory]
    [InlineData("1m", 14)]
    [InlineData("1w", 3 * 86400)]
    public async Task Bars_that_come_off_the_grid_stay_missing_in_every_run(string text, long late)
    {
        var stream = new StreamKey("BTCUSDT", BarInterval.Parse(text));
        long step = stream.Interval.Seconds;
        long first = stream.Interval.Ceiling(0);
        var asked = new TimeRange(first, first + (2 * step));
        var source = new DelegateFetcher("late", (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(
            Enumerable.Range(0, 5).Select(i => first + (i * step) + late).Where(range.Contains))));

        for (int run = 0; run < 4; run++)
        {
            BackfillResult result = Assert.Single(await RunAsync(source, [asked], stream: stream));
            Assert.Equal((BackfillStatus.Partial, 3L, 3L, 0L), (result.Status, result.BarsMissing, result.BarsRejected, result.BarsEmpty));
        }

        Assert.True((await Store.GetKnownEmptyAsync(stream, null)).IsEmpty);
    }

    [Fact]
    public async Task A_late_bar_alone_is_asked_for_again_until_the_operator_takes_it()
    {
        SortedSet<long> bars = Minutes(0, 20);
        bars.Remove(60 * 7);
        var source = new LyingSource { BarsPerRequest = 1000, Bars = bars, LateBars = [60 * 12] };
        var range = new TimeRange(0, 60 * 19);

        BackfillResult first = await RunOneAsync(source, range);
        BackfillResult second = await RunOneAsync(source, range);
        BackfillResult floored = await RunOneAsync(source, range, new BackfillOptions { OffGrid = OffGridRows.Floor });

        Assert.Equal((18L, 1L, 1L, BackfillStatus.Partial), (first.BarsWritten, first.BarsEmpty, first.BarsMissing, first.Status));
        Assert.Equal((1, 1L, BackfillStatus.Partial), (second.Requests, second.BarsMissing, second.Status));
        Assert.Contains(
            "1970-01-01T00:12:14Z lies inside the bar of 1970-01-01T00:12:00Z; 1m bars open every 1m", second.Rejected.ToString(), StringComparison.Ordinal);
        Assert.Contains("-OffGrid Floor", second.Rejected.ToString(), StringComparison.Ordinal);
        Assert.Equal((1L, 0L, BackfillStatus.Completed), (floored.BarsWritten, floored.BarsMissing, floored.Status));
        Assert.Equal(60.0 * 12 + 15, Store.Row(Stream, 60 * 12)["close"]);
    }

    [Fact]
    public async Task A_source_that_puts_rows_beside_the_range_now_on_one_side_and_now_on_the_other_is_not_asked_for_ever()
    {
        int asked = 0;
        var source = new DelegateFetcher(
            "fickle",
            (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(
                asked++ % 2 == 0 ? [range.End + 61, range.End + 121] : [range.Start - 120, range.Start - 60])),
            barsPerRequest: 1000);

        BackfillResult result = await RunOneAsync(source, new TimeRange(60 * 1000, 60 * 1009));

        Assert.Equal((BackfillStatus.Partial, 10L), (result.Status, result.BarsMissing));
        Assert.InRange(result.Requests, 1, 20);
    }

    [Fact]
    public async Task A_source_that_knows_what_it_has_is_asked_once()
    {
        var source = new DelegateFetcher("file", (_, range, _) => Task.FromResult(
            new RawBars(new long[] { 600 }, [new BarColumn<double>("close", new[] { 1.0 })]) { About = new TimeRange(0, 60 * 99) }));

        BackfillResult result = await RunOneAsync(source, new TimeRange(0, 60 * 199));

        Assert.Equal((1, 99L, 100L), (result.Requests, result.BarsEmpty, result.BarsMissing));
    }

    [Fact]
    public async Task Bars_of_nothing_but_zeros_are_stored_and_told_once_with_their_number()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 5,
            Answer = (_, _, honest, _) => Task.FromResult(new RawBars(
                honest.Timestamps, [new BarColumn<double>("close", new double[honest.Timestamps.Length]), new BarColumn<double>("volume", new double[honest.Timestamps.Length])])),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 540));

        Assert.Equal(10, result.BarsWritten);
        SourceNote note = Assert.Single(Events.OfType<BackfillSourceNote>()).Note;
        Assert.Equal((SourceNoteKind.BadBars, true), (note.Kind, note.IsWarning));
        Assert.StartsWith(
            "10 bars contradict themselves (NotPositive; the first is 1970-01-01T00:00:00Z: close is 0 and should be above 0)", note.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bars_that_the_source_has_not_closed_by_its_own_clock_are_neither_taken_nor_learnt()
    {
        long now = Clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, _, honest, _) => Task.FromResult(new RawBars(honest.Timestamps, honest.Columns) { AnsweredAt = Clock.GetUtcNow().AddMinutes(-10) }),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(now - (20 * 60), now - 60));

        Assert.Equal((10L, 10L, 0L), (result.BarsWritten, result.BarsMissing, result.BarsEmpty));
        Assert.Contains("600 s behind", Assert.Single(Events.OfType<BackfillSourceNote>()).Note.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Contradicting_rows_are_told_with_both_values_and_repeated_ones_as_repeated()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, _, _, _) => Task.FromResult(new RawBars(new long[] { 0, 60, 60, 120, 120 }, [new BarColumn<double>("close", new double[] { 1, 2, 3, 4, 4 })])),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 120));

        Assert.Equal((1L, 1L), (result.Rejected[RejectionReason.Duplicate], result.Rejected[RejectionReason.Contradiction]));
        Assert.Contains("1970-01-01T00:01:00Z has close 2 and 3; the last row is taken", result.Rejected.ToString(), StringComparison.Ordinal);
        Assert.Equal(3.0, Store.Row(Stream, 60)["close"]);
    }

    [Fact]
    public async Task What_a_provider_asked_for_and_did_not_get_is_an_exception()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, _, honest, _) => Task.FromResult(new RawBars(
                honest.Timestamps, [new BarColumn<double>("close", Array.ConvertAll(honest.Timestamps.ToArray(), _ => double.NaN))])),
        };
        await using var provider = new StoreHistoryProvider(Store, fetcher, timeProvider: Clock);

        SourceException error = await Assert.ThrowsAsync<SourceException>(() => provider.FillMissingAsync(Stream, new TimeRange(0, 120)));

        Assert.Contains("3 bars are still missing from 1970-01-01T00:00:00Z on", error.Message, StringComparison.Ordinal);
        Assert.Contains("3 with a value that is no number", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_fills_its_own_provider_is_told_so_instead_of_calling_itself_for_ever()
    {
        var fetcher = new ScriptedFetcher();
        await using var provider = new StoreHistoryProvider(Store, fetcher, timeProvider: Clock);
        fetcher.Answer = async (range, _, honest, token) =>
        {
            await provider.FillMissingAsync(Stream, range, token);
            return honest;
        };

        SourceException error = await Assert.ThrowsAsync<SourceException>(() => provider.FillMissingAsync(Stream, new TimeRange(0, 120)));

        Assert.Contains("never end", error.Message, StringComparison.Ordinal);
        Assert.Single(fetcher.Asked);
    }

    [Fact]
    public async Task Sources_that_fill_one_another_in_a_circle_are_told_so()
    {
        int depth = 0;
        var fetcher = new ScriptedFetcher();
        fetcher.Answer = async (range, _, honest, token) =>
        {
            // Another stream each time, so that it is never quite the same.
            var other = new StreamKey($"S{depth++}", Minute);
            await new StoreHistoryProvider(Store, fetcher, timeProvider: Clock).FillMissingAsync(other, range, token);
            return honest;
        };

        SourceException error = await Assert.ThrowsAsync<SourceException>(
            () => new StoreHistoryProvider(Store, fetcher, timeProvider: Clock).FillMissingAsync(Stream, new TimeRange(0, 120)));

        Assert.Contains("in a circle", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_may_fill_another_stream_of_its_own_store()
    {
        var fetcher = new ScriptedFetcher();
        fetcher.Answer = async (range, _, honest, token) =>
        {
            if (range.Start < 60_000)
            {
                await new StoreHistoryProvider(Store, fetcher, timeProvider: Clock).FillMissingAsync(new StreamKey("BASE", Minute), new TimeRange(60_000, 60_120), token);
            }

            return honest;
        };

        await new StoreHistoryProvider(Store, fetcher, timeProvider: Clock).FillMissingAsync(Stream, new TimeRange(0, 120));

        Assert.Equal(2, (await Store.GetStreamsAsync()).Count);
    }

    [Fact]
    public async Task The_bar_up_to_which_all_is_complete_stays_before_a_hole()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 5,
            Answer = (range, _, honest, _) => range.Start == 300 ? throw new SourceException("no") : Task.FromResult(honest),
        };

        await RunAsync(fetcher, [new TimeRange(0, 540), new TimeRange(1200, 1500)], new BackfillOptions { ThrottleLimit = 1 });

        Assert.Equal(240, Assert.Single(Events.OfType<BackfillEnded>()).CompleteUpTo);
        Assert.Equal(240, Events.OfType<BackfillPageCommitted>().Max(page => page.CompleteUpTo));
    }

    private static SortedSet<long> Minutes(int first, int count) => [.. Enumerable.Range(first, count).Select(i => i * 60L)];
}
