using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>What a run took, in requests, retries and time, is told however it ends.</summary>
public sealed class BackfillAccountTests : BackfillEngineTestBase
{
    private static readonly BackfillOptions AtOnce = new() { RetryDelay = TimeSpan.Zero };

    [Fact]
    public async Task A_cancelled_run_counts_what_it_asked_for_and_did_not_commit()
    {
        using var cancellation = new CancellationTokenSource();
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = async (_, call, honest, token) =>
            {
                if (call == 3)
                {
                    await cancellation.CancelAsync();
                    token.ThrowIfCancellationRequested();
                }

                return call == 1 ? throw new HttpRequestException("connection reset") : honest;
            },
        };
        Store.BeforeWrite = async (_, token) => await Task.Delay(Timeout.Infinite, token);

        BackfillResult result = Assert.Single(await RunAsync(
            fetcher, [new TimeRange(0, 60 * 1000)], AtOnce with { ThrottleLimit = 1 }, cancellationToken: cancellation.Token));

        Assert.Equal((BackfillStatus.Cancelled, 0, 3, 1), (result.Status, result.BarsWritten, result.Requests, result.Retries));
    }

    [Fact]
    public async Task A_request_that_was_not_sent_does_not_count()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, _, _) => throw (call == 1
                ? new SourceException("503") { IsTransient = true, StatusCode = 503 }
                : new SourceException("Leave me alone.") { IsUnsent = true }),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60), AtOnce);

        Assert.Equal((BackfillStatus.Failed, 1, 1), (result.Status, result.Requests, result.Retries));
    }

    [Fact]
    public async Task A_store_that_is_asked_again_what_it_holds_counts_as_retried()
    {
        int asked = 0;
        Store.BeforeCoverage = () => Interlocked.Increment(ref asked) <= 2 ? throw new StoreException("away") { IsTransient = true } : Task.CompletedTask;

        List<BackfillResult> results = await RunAsync(new ScriptedFetcher(), [new TimeRange(0, 60), new TimeRange(600, 660)], AtOnce);

        Assert.Equal(2, results.Sum(result => result.Retries));
    }

    [Fact]
    public async Task A_slow_store_counts_in_the_time_of_each_range()
    {
        Store.Seed(Stream, 0);
        Store.BeforeCoverage = () => AfterAsync(TimeSpan.FromSeconds(5));
        var fetcher = new ScriptedFetcher
        {
            Answer = async (_, _, honest, _) =>
            {
                await AfterAsync(TimeSpan.FromSeconds(7));
                return honest;
            },
        };

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(0, 0), new TimeRange(600, 660)]);

        Assert.Equal([5.0, 12.0], results.Select(result => result.Duration.TotalSeconds));
    }

    [Fact]
    public async Task A_store_that_fails_before_the_first_request_has_a_time()
    {
        Store.BeforeCoverage = async () =>
        {
            await AfterAsync(TimeSpan.FromSeconds(5));
            throw new StoreException("The password is wrong.");
        };

        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 60));

        Assert.Equal((BackfillStatus.Failed, 0, 5.0), (result.Status, result.Requests, result.Duration.TotalSeconds));
    }

    [Fact]
    public async Task Waiting_for_another_range_does_not_count_in_a_range_s_time()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 1,
            Answer = async (asked, _, honest, _) =>
            {
                await AfterAsync(TimeSpan.FromSeconds(asked.Start == 0 ? 7 : 2));
                return honest;
            },
        };

        List<BackfillResult> results = await RunAsync(fetcher, [new TimeRange(0, 0), new TimeRange(60, 60)], AtOnce with { ThrottleLimit = 1 });

        Assert.Equal(2.0, results.Single(result => result.Range.Start == 60).Duration.TotalSeconds);
    }

    // The clock stands still but for this.
    private async Task AfterAsync(TimeSpan time)
    {
        await Task.Yield();
        Clock.Advance(time);
    }
}
