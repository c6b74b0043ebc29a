using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>
/// What passes is tried again, what does not ends its range only, and a cancelled run leaves nothing behind but what is committed.
/// </summary>
public sealed class BackfillFailureTests : BackfillEngineTestBase
{
    [Fact]
    public async Task A_passing_error_is_retried_and_counted()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call <= 2 ? throw new HttpRequestException("connection reset") : Task.FromResult(honest),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60), new BackfillOptions { RetryDelay = TimeSpan.Zero });

        Assert.Equal((BackfillStatus.Completed, 3, 2), (result.Status, result.Requests, result.Retries));
        Assert.Equal([1, 2], Events.OfType<BackfillRetrying>().Select(e => e.Attempt));
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
        await UntilAsync(() => Events.OfType<BackfillRetrying>().Any());
        Clock.Advance(TimeSpan.FromSeconds(16));
        Assert.Single(fetcher.Asked);
        await AdvanceUntilAsync(running, TimeSpan.FromSeconds(1));

        Assert.Equal(BackfillStatus.Completed, (await running).Status);
        Assert.Equal(TimeSpan.FromSeconds(17), Events.OfType<BackfillRetrying>().Single().Delay);
    }

    [Fact]
    public async Task A_source_that_asks_for_no_delay_is_not_hammered()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call == 1
                ? throw new SourceException("429") { IsTransient = true, RetryAfter = TimeSpan.Zero }
                : Task.FromResult(honest),
        };

        Task<BackfillResult> running = RunOneAsync(fetcher, new TimeRange(0, 60), new BackfillOptions { RetryDelay = TimeSpan.FromSeconds(10) });
        await AdvanceUntilAsync(running, TimeSpan.FromSeconds(1));

        Assert.NotEqual(TimeSpan.Zero, Events.OfType<BackfillRetrying>().Single().Delay);
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
        Assert.Equal(10_000, Store.BarsWritten);
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
        long kept = Store.BarsWritten;
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

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(0, 60)], cancellationToken: cancel.Token).WaitAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(BackfillStatus.Cancelled, Assert.Single(results).Status);
    }

    [Fact]
    public async Task AStore_that_fails_for_good_fails_the_range_and_nothing_is_claimed()
    {
        Store.BeforeWrite = (_, _) => throw new Qmtl.History.StoreException("disk full");

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 60 * 5999));

        Assert.Equal((BackfillStatus.Failed, 0L, 6000L), (result.Status, result.BarsWritten, result.BarsMissing));
        Assert.Equal("disk full", result.Error?.Message);
    }

    [Fact]
    public async Task AStore_that_fails_for_a_moment_is_tried_again()
    {
        int tries = 0;
        Store.BeforeWrite = (_, _) => ++tries == 1 ? throw new Qmtl.History.StoreException("restarting") { IsTransient = true } : Task.CompletedTask;

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 60), new BackfillOptions { RetryDelay = TimeSpan.Zero });

        Assert.Equal((BackfillStatus.Completed, 2L, 1), (result.Status, result.BarsWritten, result.Retries));
    }
}
