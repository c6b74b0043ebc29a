using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.History.Relational.Sqlite;

namespace Qmtl.Unit.Backfill;

/// <content>Runs beside one another, and those that are stopped.</content>
public sealed partial class NewestBarsTests
{
    [Fact]
    public async Task Streams_that_another_run_fills_are_not_waited_for_until_that_has_gone_on_for_long()
    {
        await using CountingStore store = Open();
        await using IHistoryStore other = new SqliteHistoryStore(_folder.File("history.db"));
        StreamKey[] streams = Streams(10);
        var source = new ScriptedFetcher();
        await FillAsync(store, streams, source);
        var newest = new NewestBars(timeProvider: Clock);
        await using (IAsyncDisposable? held = await other.TryClaimAsync(streams[4]))
        {
            List<BackfillResult> results = await newest.RunAsync(
                streams.Select(stream => Request(store, source, stream, Newest, Newest))).ToListAsync();
            BackfillResult busy = Assert.Single(results, result => result.Status == BackfillStatus.Partial);
            Assert.Equal((streams[4], 1L, 0), (busy.Stream, busy.BarsMissing, busy.Requests));
            Assert.NotNull(busy.Obstacle);
            Assert.Equal(9, results.Sum(result => result.BarsWritten));

            // Whoever holds the claim himself says so.
            var here = new NewestBars(timeProvider: Clock) { IsFilledHere = stream => stream == streams[4] };
            Assert.Equal(1, (await here.RunAsync([Request(store, source, streams[4], Newest, Newest)]).SingleAsync()).BarsWritten);

            Clock.Advance(TimeSpan.FromMinutes(5));
            Assert.NotNull((await newest.RunAsync([Request(store, source, streams[4], Newest + 60, Newest + 60)]).SingleAsync()).Obstacle);
            Clock.Advance(TimeSpan.FromMinutes(5));
            Assert.Equal(1, (await newest.RunAsync([Request(store, source, streams[4], Newest + 60, Newest + 60)]).SingleAsync()).BarsWritten);
        }

        await using IAsyncDisposable? free = await other.TryClaimAsync(streams[4]);
        Assert.NotNull(free);
    }

    [Fact]
    public async Task Two_that_keep_the_same_streams_ask_for_each_bar_once()
    {
        await using CountingStore one = Open();
        await using CountingStore two = Open();
        StreamKey[] streams = Streams(Many);
        var source = new ScriptedFetcher();
        await FillAsync(one, streams, source);
        int asked = source.Asked.Count;
        await Task.WhenAll(new[] { one, two }.Select(store => Task.Run(async () =>
        {
            var newest = new NewestBars(timeProvider: Clock);
            List<StreamKey> left = [.. streams];
            while (left.Count > 0)
            {
                List<BackfillResult> results = await newest.RunAsync(
                    left.Select(stream => Request(store, source, stream, Newest - 120, Newest))).ToListAsync();
                Assert.All(results, result => Assert.Null(result.Error));
                left = [.. results.Where(result => result.Obstacle is not null).Select(result => result.Stream)];
            }
        })));
        Assert.Equal(asked + Many, source.Asked.Count);
        Assert.All(streams, stream => Assert.Equal(Newest, one.GetCoverageAsync(stream).Result.Bounds!.Value.End));
    }

    [Fact]
    public async Task One_that_does_not_answer_keeps_no_other_from_being_asked_again()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(20);
        var honest = new ScriptedFetcher();
        await FillAsync(store, streams, honest);
        var stuck = new TaskCompletionSource();
        var source = new DelegateFetcher("scripted", async (stream, range, token) =>
        {
            if (stream == streams[3] && range.Start <= Newest)
            {
                await stuck.Task.WaitAsync(token);
            }

            return await honest.FetchAsync(stream, range, token);
        });
        var newest = new NewestBars(timeProvider: Clock);
        var first = new List<BackfillResult>();
        Task running = Task.Run(async () =>
        {
            await foreach (BackfillResult result in newest.RunAsync(streams.Select(stream => Request(store, source, stream, Newest, Newest))))
            {
                lock (first)
                {
                    first.Add(result);
                }
            }
        });
        await UntilAsync(() =>
        {
            lock (first)
            {
                return first.Count == 19;
            }
        });
        Clock.Advance(TimeSpan.FromMinutes(1));
        List<BackfillResult> second = await newest.RunAsync(
            streams.Select(stream => Request(store, source, stream, Newest, Newest + 60))).ToListAsync();

        Assert.Equal([streams[3]], second.Where(result => result.Obstacle is not null).Select(result => result.Stream));
        Assert.Equal(19, second.Count(result => result.BarsWritten == 1));
        stuck.SetResult();
        await running;
        Assert.Equal(20, first.Count);
        await using IHistoryStore other = new SqliteHistoryStore(_folder.File("history.db"));
        await using StreamClaims claims = await other.TryClaimManyAsync(streams);
        Assert.Empty(claims.Refused);
    }

    [Fact]
    public async Task A_run_that_is_cancelled_gives_every_range_its_result_and_lets_go_of_all()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(1500);
        using var cancellation = new CancellationTokenSource();
        int asked = 0;
        var source = new DelegateFetcher("scripted", (stream, range, token) =>
        {
            if (Interlocked.Increment(ref asked) == 400)
            {
                cancellation.Cancel();
            }

            return Task.FromResult(ScriptedFetcher.Bars(range.Start));
        });
        var newest = new NewestBars(timeProvider: Clock);
        List<BackfillResult> results = await newest.RunAsync(
            streams.Select(stream => Request(store, source, stream, Newest, Newest)), cancellation.Token).ToListAsync(CancellationToken.None);
        Assert.Equal(streams.Length, results.Count);
        Assert.All(results, result => Assert.True(result.Status is BackfillStatus.Completed or BackfillStatus.Cancelled, $"{result.Error}"));
        Assert.Contains(results, result => result.Status == BackfillStatus.Cancelled);
        HashSet<StreamKey> stored = [.. await store.GetStreamsAsync()];
        Assert.All(results.Where(result => result.BarsWritten == 1), result => Assert.Contains(result.Stream, stored));
        await using IHistoryStore other = new SqliteHistoryStore(_folder.File("history.db"));
        await using StreamClaims claims = await other.TryClaimManyAsync(streams);
        Assert.Empty(claims.Refused);
    }

    [Fact]
    public async Task Groups_that_end_before_they_begin_keep_nobody_out()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(250);
        var source = new ScriptedFetcher();
        bool isWrong = true;
        var newest = new NewestBars(timeProvider: Clock)
        {
            IsFilledHere = _ => isWrong ? throw new InvalidCastException("nobody reckoned with that") : false,
        };
        for (int run = 0; run < 5; run++)
        {
            await Assert.ThrowsAsync<InvalidCastException>(async () => await newest.RunAsync(
                streams.Select(stream => Request(store, source, stream, Newest, Newest))).ToListAsync());
        }

        isWrong = false;
        List<BackfillResult> results = await newest.RunAsync(
            streams.Select(stream => Request(store, source, stream, Newest, Newest))).ToListAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(streams.Length, results.Sum(result => result.BarsWritten));
    }
}
