using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

public sealed class BackfillEngineTests
{
    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);
    private static readonly StreamKey Stream = new("BTCUSDT", Minute);

    // Noon on a day well after every bar of these tests, on the grid.
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000 / 60 * 60));
    private readonly InMemoryHistoryStore _store = new();
    private readonly List<BackfillEvent> _events = [];

    [Fact]
    public async Task An_empty_store_is_filled_and_a_second_run_asks_nothing()
    {
        var fetcher = new ScriptedFetcher();

        BackfillResult first = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2499));
        BackfillResult second = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2499));

        Assert.Equal(BackfillStatus.Completed, first.Status);
        Assert.Equal((2500, 0, 3), (first.BarsWritten, first.BarsEmpty, first.Requests));
        Assert.Equal(BackfillStatus.Completed, second.Status);
        Assert.Equal((0, 0, 0), (second.BarsWritten, second.BarsEmpty, second.Requests));
        Assert.Equal(3, fetcher.Asked.Count);
        Assert.Equal(2500, _store.Stored(Stream).Length);
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

        Assert.Equal((1L, 1L, 1), (again.BarsWritten, again.BarsEmpty, again.Requests));
        Assert.Equal([new TimeRange(180, 180)], await _store.GetKnownEmptyAsync(Stream, "scripted"));
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
    public async Task A_bar_that_has_not_closed_is_neither_asked_for_nor_stored()
    {
        long now = _clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher();
        _clock.Advance(TimeSpan.FromSeconds(30));

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(now - 180, now + 600));

        Assert.Equal(new TimeRange(now - 180, now - 60), result.Range);
        Assert.Equal([new TimeRange(now - 180, now - 60)], fetcher.Asked);
        Assert.Equal(3, result.BarsWritten);
    }

    [Fact]
    public async Task A_young_bar_is_not_believed_empty()
    {
        long now = _clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher { Holes = [now - 60, now - 120, now - 180, now - 240] };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(now - 300, now - 60));

        // Two intervals after its close a bar is settled: of the four holes those that closed two and three minutes ago.
        Assert.Equal((BackfillStatus.Partial, 1L, 2L, 2L), (result.Status, result.BarsWritten, result.BarsEmpty, result.BarsMissing));
        Assert.Equal([new TimeRange(now - 240, now - 180)], await _store.GetKnownEmptyAsync(Stream, null));
    }

    [Fact]
    public async Task Second_bars_settle_after_a_minute_at_least()
    {
        var stream = new StreamKey("BTCUSDT", BarInterval.FromSeconds(1));
        long now = _clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher { Holes = [now - 62, now - 61, now - 60] };

        await RunAsync(fetcher, [new TimeRange(now - 62, now - 60)], stream: stream);

        Assert.Equal([new TimeRange(now - 62, now - 61)], await _store.GetKnownEmptyAsync(stream, null));
    }

    [Fact]
    public async Task Only_missing_bars_are_written_though_a_page_spans_stored_ones()
    {
        _store.Seed(Stream, 60, 120, 240);

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 300));

        Assert.Equal((3L, 1), (result.BarsWritten, result.Requests));
        Assert.Equal(3, _store.BarsWritten);
        Assert.Equal(1.0, _store.Row(Stream, 120)["close"]);
    }

    [Fact]
    public async Task Many_gaps_of_a_stream_share_requests_and_each_gets_its_own_result()
    {
        _store.Seed(Stream, [.. Enumerable.Range(0, 100).Where(i => i % 5 != 0).Select(i => i * 60L)]);
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
        Assert.Equal(41, _store.BarsWritten);
    }

    [Fact]
    public async Task A_passing_error_is_retried_and_counted()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call <= 2 ? throw new HttpRequestException("connection reset") : Task.FromResult(honest),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60), new BackfillOptions { RetryDelay = TimeSpan.Zero });

        Assert.Equal((BackfillStatus.Completed, 3, 2), (result.Status, result.Requests, result.Retries));
        Assert.Equal([1, 2], _events.OfType<BackfillRetrying>().Select(e => e.Attempt));
    }

    [Fact]
    public async Task A_passing_error_that_does_not_pass_fails_the_range_after_all_retries()
    {
        var fetcher = new ScriptedFetcher { Answer = (_, _, _, _) => throw new SourceException("503 from the exchange") { IsTransient = true } };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60), new BackfillOptions { RetryDelay = TimeSpan.Zero });

        Assert.Equal((BackfillStatus.Failed, 4, 3), (result.Status, result.Requests, result.Retries));
        Assert.Equal("503 from the exchange", result.Error?.Message);
        Assert.Equal(2, result.BarsMissing);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(FileNotFoundException))]
    public async Task A_bug_in_a_source_is_not_retried(Type type)
    {
        var fetcher = new ScriptedFetcher { Answer = (_, _, _, _) => throw (Exception)Activator.CreateInstance(type)! };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60));

        Assert.Equal((BackfillStatus.Failed, 1, 0), (result.Status, result.Requests, result.Retries));
        Assert.IsType(type, result.Error);
    }

    [Fact]
    public async Task The_delay_a_source_asks_for_is_kept()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call == 1
                ? throw new SourceException("429") { IsTransient = true, RetryAfter = TimeSpan.FromSeconds(17) }
                : Task.FromResult(honest),
        };

        Task<BackfillResult> running = RunOneAsync(fetcher, new TimeRange(0, 60));
        await UntilAsync(() => _events.OfType<BackfillRetrying>().Any());
        _clock.Advance(TimeSpan.FromSeconds(16));
        Assert.Single(fetcher.Asked);
        await AdvanceUntilAsync(running, TimeSpan.FromSeconds(1));

        Assert.Equal(BackfillStatus.Completed, (await running).Status);
        Assert.Equal(TimeSpan.FromSeconds(17), _events.OfType<BackfillRetrying>().Single().Delay);
    }

    [Fact]
    public async Task A_ban_longer_than_an_operator_would_wait_fails_at_once()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, _, _, _) => throw new SourceException("banned") { IsTransient = true, RetryAfter = TimeSpan.FromHours(2) },
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60));

        Assert.Equal((BackfillStatus.Failed, 1), (result.Status, result.Requests));
    }

    [Fact]
    public async Task A_failed_range_does_not_stop_the_others()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = (range, _, honest, _) => range.Start == 60_000 ? throw new InvalidOperationException("boom") : Task.FromResult(honest),
        };

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(0, 60), new TimeRange(60_000, 60_060), new TimeRange(120_000, 120_060)]);

        Assert.Equal(
            [BackfillStatus.Completed, BackfillStatus.Failed, BackfillStatus.Completed],
            results.OrderBy(result => result.Range.Start).Select(result => result.Status));
    }

    [Fact]
    public async Task A_failed_range_is_not_asked_for_any_further_and_keeps_what_it_got()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = (range, _, honest, _) => range.Start >= 6000 ? throw new InvalidOperationException("boom") : Task.FromResult(honest),
        };

        BackfillResult failed = await RunOneAsync(fetcher, new TimeRange(0, 60 * 9999), new BackfillOptions { ThrottleLimit = 1 });
        fetcher.Answer = (_, _, honest, _) => Task.FromResult(honest);
        BackfillResult resumed = await RunOneAsync(fetcher, new TimeRange(0, 60 * 9999));

        Assert.Equal((BackfillStatus.Failed, 100L, 11), (failed.Status, failed.BarsWritten, failed.Requests));
        Assert.Equal((BackfillStatus.Completed, 9900L), (resumed.Status, resumed.BarsWritten));
        Assert.Equal(10_000, _store.BarsWritten);
    }

    [Fact]
    public async Task Cancelling_ends_every_range_and_a_later_run_completes()
    {
        using var cancel = new CancellationTokenSource();
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = async (_, call, honest, token) =>
            {
                if (call == 20)
                {
                    await cancel.CancelAsync();
                    await Task.Delay(Timeout.Infinite, token);
                }

                return honest;
            },
        };
        TimeRange[] ranges = [new TimeRange(0, 60 * 999), new TimeRange(60_000, 60 * 1999)];

        List<BackfillResult> cancelled = await RunAsync(fetcher, ranges, cancellationToken: cancel.Token);
        long kept = _store.BarsWritten;
        List<BackfillResult> resumed = await RunAsync(fetcher, ranges);

        Assert.Equal(2, cancelled.Count);
        Assert.Contains(cancelled, result => result.Status == BackfillStatus.Cancelled);
        Assert.Equal(kept, cancelled.Sum(result => result.BarsWritten));
        Assert.All(resumed, result => Assert.Equal(BackfillStatus.Completed, result.Status));
        Assert.Equal(2000 - kept, resumed.Sum(result => result.BarsWritten));
    }

    [Fact]
    public async Task A_source_that_ignores_cancellation_is_left_behind()
    {
        using var cancel = new CancellationTokenSource();
        var never = new TaskCompletionSource<RawBars>();
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, _, _, _) =>
            {
                cancel.CancelAfter(TimeSpan.FromMilliseconds(1));
                return never.Task;
            },
        };

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(0, 60)], cancellationToken: cancel.Token).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(BackfillStatus.Cancelled, Assert.Single(results).Status);
    }

    [Fact]
    public async Task An_answer_cut_short_by_a_source_that_does_not_say_so_is_completed()
    {
        // Gives the oldest 400 rows of whatever it is asked, as some exchanges do.
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = null,
            Answer = (_, _, honest, _) => Task.FromResult(ScriptedFetcher.Bars(honest.Timestamps.ToArray().Take(400))),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2999));

        Assert.Equal((BackfillStatus.Completed, 3000L, 0L), (result.Status, result.BarsWritten, result.BarsEmpty));
    }

    [Fact]
    public async Task So_is_one_that_gives_the_newest_rows()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = null,
            Holes = [6000, 6060, 120_000],
            Answer = (_, _, honest, _) => Task.FromResult(ScriptedFetcher.Bars(honest.Timestamps.ToArray().TakeLast(300))),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2999));

        Assert.Equal((BackfillStatus.Completed, 2997L, 3L), (result.Status, result.BarsWritten, result.BarsEmpty));
    }

    [Fact]
    public async Task Bars_before_the_earliest_the_source_has_are_empty_without_a_request()
    {
        var fetcher = new ScriptedFetcher { Earliest = 600 };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 900));
        BackfillResult second = await RunOneAsync(fetcher, new TimeRange(0, 900));

        Assert.Equal((6L, 10L, 1), (result.BarsWritten, result.BarsEmpty, result.Requests));
        Assert.Equal([new TimeRange(600, 900)], fetcher.Asked);
        Assert.Equal(0, second.Requests);
    }

    [Fact]
    public async Task Lies_are_left_out_and_told_once()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 5,
            Answer = (range, _, _, _) => Task.FromResult(ScriptedFetcher.Bars(range.Start, range.Start + 1, range.Start, range.End + 60_000)),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 540));

        // Of each page one bar; its repetition, the row a second later and the row far out are left out.
        Assert.Equal((2L, 6L), (result.BarsWritten, result.BarsRejected));
        BackfillRowsRejected told = Assert.Single(_events.OfType<BackfillRowsRejected>());
        Assert.Equal("2 outside the asked range, 2 off the interval's grid, 2 repeated", told.Rejected.ToString());
    }

    [Fact]
    public async Task An_answer_that_misses_the_question_teaches_nothing()
    {
        // Milliseconds for seconds: every row lies far outside.
        var fetcher = new ScriptedFetcher { Answer = (range, _, _, _) => Task.FromResult(ScriptedFetcher.Bars(range.Start * 1000 + 60_000_000)) };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(60, 120));

        Assert.Equal((BackfillStatus.Partial, 0L, 2L), (result.Status, result.BarsEmpty, result.BarsMissing));
    }

    [Fact]
    public async Task A_store_that_fails_for_good_fails_the_range_and_nothing_is_claimed()
    {
        _store.BeforeWrite = (_, _) => throw new Qmtl.History.StoreException("disk full");

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 60 * 5999));

        Assert.Equal((BackfillStatus.Failed, 0L, 6000L), (result.Status, result.BarsWritten, result.BarsMissing));
        Assert.Equal("disk full", result.Error?.Message);
    }

    [Fact]
    public async Task A_store_that_fails_for_a_moment_is_tried_again()
    {
        int tries = 0;
        _store.BeforeWrite = (_, _) => ++tries == 1 ? throw new Qmtl.History.StoreException("restarting") { IsTransient = true } : Task.CompletedTask;

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 60), new BackfillOptions { RetryDelay = TimeSpan.Zero });

        Assert.Equal((BackfillStatus.Completed, 2L, 1), (result.Status, result.BarsWritten, result.Retries));
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
        BackfillRequest[] requests = [.. Enumerable.Range(0, 8).Select(i => new BackfillRequest(_store, fetcher, new StreamKey($"N{i}", Minute), [new TimeRange(0, 60 * 499)]))];

        List<BackfillResult> results = await new BackfillEngine(new BackfillOptions { ThrottleLimit = 3 }, _clock).RunAsync(requests).ToListAsync();

        Assert.Equal(8, results.Count(result => result.Status == BackfillStatus.Completed));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task Two_submissions_for_one_stream_ask_for_each_bar_once()
    {
        var fetcher = new ScriptedFetcher();
        var engine = new BackfillEngine(timeProvider: _clock);
        var request = new BackfillRequest(_store, fetcher, Stream, [new TimeRange(0, 60 * 4999)]);

        BackfillJob first = engine.Submit(request);
        BackfillJob second = engine.Submit(request);
        await engine.WaitAsync();

        Assert.True(first.Completion.IsCompletedSuccessfully && second.Completion.IsCompletedSuccessfully);
        Assert.Equal(5, fetcher.Asked.Count);
        Assert.Equal(5000, _store.BarsWritten);
    }

    [Fact]
    public async Task A_range_without_a_bar_is_complete_and_one_between_two_bars_too()
    {
        long now = _clock.GetUtcNow().ToUnixTimeSeconds();
        var fetcher = new ScriptedFetcher();

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(61, 119), new TimeRange(now + 600, now + 900)]);

        Assert.All(results, result => Assert.Equal((BackfillStatus.Completed, 0L), (result.Status, result.BarsWritten)));
        Assert.Empty(fetcher.Asked);
    }

    [Fact]
    public void Options_out_of_limits_are_refused_by_name()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => new BackfillEngine(new BackfillOptions { ThrottleLimit = 0 }));

        Assert.Contains("ThrottleLimit must be from 1 to 256", error.Message, StringComparison.Ordinal);
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

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private async Task AdvanceUntilAsync(Task running, TimeSpan step)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!running.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            _clock.Advance(step);
            await Task.Yield();
        }
    }

    private async Task<BackfillResult> RunOneAsync(IDataFetcher fetcher, TimeRange range, BackfillOptions? options = null) =>
        Assert.Single(await RunAsync(fetcher, [range], options));

    private async Task<List<BackfillResult>> RunAsync(
        IDataFetcher fetcher, IReadOnlyList<TimeRange> ranges, BackfillOptions? options = null, StreamKey? stream = null, CancellationToken cancellationToken = default)
    {
        var engine = new BackfillEngine(options, _clock, Note);
        var request = new BackfillRequest(_store, fetcher, stream ?? Stream, ranges);
        return await engine.RunAsync([request], cancellationToken).ToListAsync(CancellationToken.None);
    }

    private void Note(BackfillEvent happened)
    {
        lock (_events)
        {
            _events.Add(happened);
        }
    }
}
