using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>What a run asks for, stores and reports.</summary>
public sealed class BackfillEngineTests : BackfillEngineTestBase
{
    [Fact]
    public async Task An_emptyStore_is_filled_and_a_second_run_asks_nothing()
    {
        var fetcher = new ScriptedFetcher();

        BackfillResult first = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2499));
        BackfillResult second = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2499));

        Assert.Equal(BackfillStatus.Completed, first.Status);
        Assert.Equal((2500, 0, 3), (first.BarsWritten, first.BarsEmpty, first.Requests));
        Assert.Equal(BackfillStatus.Completed, second.Status);
        Assert.Equal((0, 0, 0), (second.BarsWritten, second.BarsEmpty, second.Requests));
        Assert.Equal(3, fetcher.Asked.Count);
        Assert.Equal(2500, Store.Stored(Stream).Length);
    }

    [Fact]
    public async Task Holes_of_the_market_are_remembered_and_not_asked_for_again()
    {
        var fetcher = new ScriptedFetcher { Holes = [120, 180, 600] };

        BackfillResult first = await RunOneAsync(fetcher, new TimeRange(0, 900));
        BackfillResult second = await RunOneAsync(fetcher, new TimeRange(0, 900));

        Assert.Equal((13L, 3L, BackfillStatus.Completed), (first.BarsWritten, first.BarsEmpty, first.Status));
        Assert.Equal(0, second.Requests);
        Assert.Single(fetcher.Asked);
    }

    [Fact]
    public async Task Retry_empty_asks_again_and_takes_what_is_there_now()
    {
        var fetcher = new ScriptedFetcher { Holes = [120, 180] };
        await RunOneAsync(fetcher, new TimeRange(0, 300));
        fetcher.Holes.Remove(120);

        BackfillResult again = await RunOneAsync(fetcher, new TimeRange(0, 300), new BackfillOptions { RetryEmpty = true });

        Assert.Equal((1L, 1L, 2), (again.BarsWritten, again.BarsEmpty, again.Requests));
        Assert.Equal([new TimeRange(180, 180)], await Store.GetKnownEmptyAsync(Stream, "scripted"));
    }

    [Fact]
    public async Task What_one_source_does_not_have_another_is_asked_for()
    {
        await RunOneAsync(new ScriptedFetcher { Name = "poor", Holes = [60] }, new TimeRange(0, 120));
        var rich = new ScriptedFetcher { Name = "rich" };

        BackfillResult result = await RunOneAsync(rich, new TimeRange(0, 120));

        Assert.Equal((1L, 1), (result.BarsWritten, result.Requests));
        Assert.Equal([new TimeRange(60, 60)], rich.Asked);
    }

    [Fact]
    public async Task A_range_of_nothing_but_holes_ends_as_empty()
    {
        BackfillResult result = await RunOneAsync(new ScriptedFetcher { Holes = [0, 60] }, new TimeRange(0, 60));

        Assert.Equal((BackfillStatus.Empty, 2L, 0L), (result.Status, result.BarsEmpty, result.BarsMissing));
    }

    [Fact]
    public async Task A_bar_that_has_not_closed_is_neither_asked_for_norStored()
    {
        long now = Clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher();
        Clock.Advance(TimeSpan.FromSeconds(30));

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(now - 180, now + 600));

        Assert.Equal(new TimeRange(now - 180, now - 60), result.Range);
        Assert.Equal([new TimeRange(now - 180, now - 60)], fetcher.Asked);
        Assert.Equal(3, result.BarsWritten);
    }

    [Fact]
    public async Task A_young_bar_is_not_believed_empty()
    {
        long now = Clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher { Holes = [now - 60, now - 120, now - 180, now - 240] };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(now - 300, now - 60));

        // Two intervals after its close a bar is settled: of the four holes those that closed two and three minutes ago.
        Assert.Equal((BackfillStatus.Partial, 1L, 2L, 2L), (result.Status, result.BarsWritten, result.BarsEmpty, result.BarsMissing));
        Assert.Equal([new TimeRange(now - 240, now - 180)], await Store.GetKnownEmptyAsync(Stream, null));
    }

    [Fact]
    public async Task Second_bars_settle_after_a_minute_at_least()
    {
        var stream = new StreamKey("BTCUSDT", BarInterval.FromSeconds(1));
        long now = Clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher { Holes = [now - 62, now - 61, now - 60] };

        await RunAsync(fetcher, [new TimeRange(now - 62, now - 60)], stream: stream);

        Assert.Equal([new TimeRange(now - 62, now - 61)], await Store.GetKnownEmptyAsync(stream, null));
    }

    [Fact]
    public async Task Only_missing_bars_are_written_though_a_page_spansStored_ones()
    {
        Store.Seed(Stream, 60, 120, 240);

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 300));

        Assert.Equal((3L, 1), (result.BarsWritten, result.Requests));
        Assert.Equal(3, Store.BarsWritten);
        Assert.Equal(1.0, Store.Row(Stream, 120)["close"]);
    }

    [Fact]
    public async Task Many_gaps_of_a_stream_share_requests_and_each_gets_its_own_result()
    {
        Store.Seed(Stream, [.. Enumerable.Range(0, 100).Where(i => i % 5 != 0).Select(i => i * 60L)]);
        TimeRange[] gaps = [.. Enumerable.Range(0, 20).Select(i => new TimeRange(i * 300L, i * 300L))];

        List<BackfillResult> results = await RunAsync(new ScriptedFetcher { Holes = [300] }, gaps);

        Assert.Equal(20, results.Count);
        Assert.Equal(1, results.Sum(result => result.Requests));
        Assert.Equal(19, results.Sum(result => result.BarsWritten));
        Assert.Equal(BackfillStatus.Empty, Assert.Single(results, result => result.Range.Start == 300).Status);
    }

    [Fact]
    public async Task Overlapping_ranges_each_tell_the_truth()
    {
        List<BackfillResult> results = await RunAsync(
            new ScriptedFetcher { BarsPerRequest = 4 }, [new TimeRange(0, 1200), new TimeRange(300, 360), new TimeRange(600, 2400)]);

        Assert.All(results, result => Assert.Equal(BackfillStatus.Completed, result.Status));
        Assert.Equal([21, 2, 31], results.OrderBy(result => result.Range.Start).Select(result => result.BarsWritten));
        Assert.Equal(41, Store.BarsWritten);
    }

    [Fact]
    public async Task No_more_requests_run_at_once_than_the_limit()
    {
        int running = 0;
        int most = 0;
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = async (_, _, honest, _) =>
            {
                int now = Interlocked.Increment(ref running);
                InterlockedMax(ref most, now);
                await Task.Yield();
                Interlocked.Decrement(ref running);
                return honest;
            },
        };
        BackfillRequest[] requests = [.. Enumerable.Range(0, 8).Select(i => new BackfillRequest(Store, fetcher, new StreamKey($"N{i}", Minute), [new TimeRange(0, 60 * 499)]))];

        List<BackfillResult> results = await new BackfillEngine(new BackfillOptions { ThrottleLimit = 3 }, Clock).RunAsync(requests).ToListAsync();

        Assert.Equal(8, results.Count(result => result.Status == BackfillStatus.Completed));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task Two_submissions_for_one_stream_ask_for_each_bar_once()
    {
        var fetcher = new ScriptedFetcher();
        var engine = new BackfillEngine(timeProvider: Clock);
        var request = new BackfillRequest(Store, fetcher, Stream, [new TimeRange(0, 60 * 4999)]);

        BackfillJob first = engine.Submit(request);
        BackfillJob second = engine.Submit(request);
        await engine.WaitAsync();

        Assert.True(first.Completion.IsCompletedSuccessfully && second.Completion.IsCompletedSuccessfully);
        Assert.Equal(5, fetcher.Asked.Count);
        Assert.Equal(5000, Store.BarsWritten);
    }

    [Fact]
    public async Task A_range_without_a_bar_is_complete_and_one_between_two_bars_too()
    {
        long now = Clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher();

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(61, 119), new TimeRange(now + 600, now + 900)]);

        Assert.All(results, result => Assert.Equal((BackfillStatus.Completed, 0L), (result.Status, result.BarsWritten)));
        Assert.Empty(fetcher.Asked);
    }

    [Fact]
    public void Options_out_of_limits_are_refused_by_name()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => new BackfillEngine(new BackfillOptions { ThrottleLimit = 0 }));
        ArgumentOutOfRangeException noRoom = Assert.Throws<ArgumentOutOfRangeException>(() => new BackfillEngine(new BackfillOptions { MaxBufferedBars = 0 }));

        Assert.Contains("ThrottleLimit must be from 1 to 256", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxBufferedBars must be from 1 to 100000000", noRoom.Message, StringComparison.Ordinal);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen = Volatile.Read(ref target);
        while (value > seen)
        {
            int before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
