using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    [StoreFact]
    public async Task Two_stores_that_write_the_same_bars_at_once_double_none()
    {
        await using IHistoryStore one = Open();
        await using IHistoryStore two = Open();
        Task[] writers = [.. new[] { one, two, one, two }.Select((store, writer) => Task.Run(async () =>
        {
            for (int page = 0; page < 15; page++)
            {
                // Each from another end, so that two which locked rows one by one would soon wait for each other.
                int place = writer % 2 == 0 ? page : 14 - page;
                BarFrame frame = Frame([.. Enumerable.Range(place * 80, 100).Select(bar => bar * 60L)]);
                TimeRangeSet empty = Set((1_000_000 * 60L + place * 600, 1_000_000 * 60L + place * 600));
                await store.WriteAsync(Stream, [Page(frame, empty, empty, $"source {writer}")]);
            }
        }))];
        await Task.WhenAll(writers);

        Assert.Equal(Set((0, 1219 * 60)), await one.GetCoverageAsync(Stream));
        Assert.Equal(1220L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
        Assert.Equal(15, (await two.GetKnownEmptyAsync(Stream, "source 3")).BarCount);
    }

    [StoreFact]
    public async Task Many_writers_may_make_and_widen_one_table_at_once()
    {
        const int Writers = 8;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            await using IHistoryStore store = Open("shared");
            var stream = new StreamKey($"node{writer}", Minute);
            for (int page = 0; page < 3; page++)
            {
                BarFrame frame = Frame([page * 60L], Doubles("close", 1.0), Doubles($"column_{page}", 2.0));
                await store.WriteAsync(stream, [Page(frame, Set((6000, 6000)), Set((6000, 6000)))]);
            }
        })));

        await using IHistoryStore all = Open("shared");
        Assert.Equal(Writers, (await all.GetStreamsAsync()).Count);
        foreach (StreamKey stream in await all.GetStreamsAsync())
        {
            BarFrame read = await ReadOneAsync(all, stream);
            Assert.Equal([0, 60, 120], OpensOf(read));
            Assert.Equal([null, null, 2.0], ValuesOf(read, "column_2"));
        }
    }

    [StoreFact]
    public async Task A_stream_that_is_being_filled_is_claimed_by_one_at_a_time()
    {
        await using IHistoryStore one = Open();
        await using IHistoryStore two = Open();
        var other = new StreamKey("other", Minute);
        await using (IAsyncDisposable? first = await one.TryClaimAsync(Stream))
        {
            Assert.NotNull(first);
            Assert.Null(await two.TryClaimAsync(Stream));
            Assert.Null(await one.TryClaimAsync(Stream));
            await using IAsyncDisposable? second = await two.TryClaimAsync(other);
            Assert.NotNull(second);
        }

        await using IAsyncDisposable? again = await two.TryClaimAsync(Stream);
        Assert.NotNull(again);
    }

    [StoreFact]
    public async Task Two_runs_at_once_ask_the_source_once()
    {
        await using IHistoryStore one = Open();
        await using IHistoryStore two = Open();
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        int questions = 0;
        var source = new DelegateFetcher("gate", async (stream, range, token) =>
        {
            Interlocked.Increment(ref questions);
            asked.TrySetResult();
            await answer.Task.WaitAsync(token);
            long[] opens = [.. Enumerable.Range(0, (int)range.CountBars(stream.Interval)).Select(bar => range.Start + bar * 60L)];
            return new RawBars(opens, [new BarColumn<double>("close", new double[opens.Length])]);
        });
        var range = new TimeRange(0, 9 * 60);
        var waits = new TaskCompletionSource();
        Task<BackfillResult> first = new BackfillEngine().RunAsync([new BackfillRequest(one, source, Stream, [range])]).SingleAsync().AsTask();
        await asked.Task;
        Task<BackfillResult> second = new BackfillEngine(onEvent: happened =>
        {
            if (happened is BackfillStoreWarning)
            {
                waits.TrySetResult();
            }
        }).RunAsync([new BackfillRequest(two, source, Stream, [range])]).SingleAsync().AsTask();
        await waits.Task.WaitAsync(TimeSpan.FromMinutes(2));
        answer.SetResult();

        Assert.Equal(10, (await first).BarsWritten);
        Assert.Equal((BackfillStatus.Completed, 0L), ((await second).Status, (await second).BarsWritten));
        Assert.Equal(1, questions);
    }

    [StoreFact]
    public async Task A_reader_does_not_keep_a_writer_waiting()
    {
        await using IHistoryStore store = Open();
        await using IHistoryStore other = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(0, 20_000).Select(bar => bar * 60L)]));

        int frames = 0;
        await foreach (BarFrame frame in store.ReadAsync(Stream, new TimeRange(0, long.MaxValue)))
        {
            // In the middle of the read: would deadlock if the reader held the writer off.
            await WriteAsync(other, Frame([-60L * ++frames]));
            Assert.NotEqual(0, frame.Count);
        }

        Assert.Equal(Set((-60L * frames, 19_999 * 60)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task A_failing_page_leaves_nothing_of_the_write()
    {
        // The table of another program has a rule of its own, which the second page breaks.
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id text NOT NULL, \"interval\" integer NOT NULL, ts bigint NOT NULL CHECK (ts < 1000), close double precision, PRIMARY KEY (node_id, \"interval\", ts))");
        await using IHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(Frame(60), Set((0, 60)), Set((0, 0)))]);

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.WriteAsync(
            Stream,
            [Page(Frame(120, 180), Set((0, 240)), Set((240, 240))), Page(Frame([240, 1200], Longs("new", 1L, 2L)))]));

        Assert.False(error.IsTransient);
        Assert.StartsWith(store.Info.DisplayName, error.Message, StringComparison.Ordinal);
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(Set((0, 0)), await store.GetKnownEmptyAsync(Stream, Source));

        // The column itself may have been made, where a change of the schema cannot wait for the bars; nothing is in it.
        Assert.DoesNotContain((await ReadOneAsync(store)).Rows, row => row["new"] is not null);

        await WriteAsync(store, Frame(120));
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task A_write_that_is_cancelled_on_its_way_leaves_nothing()
    {
        // The clock is asked for the time once the bars are written, before the commit.
        using var cancellation = new CancellationTokenSource();
        await using IHistoryStore store = Open(timeProvider: new CallbackTimeProvider(cancellation.Cancel));
        await WriteAsync(store, Frame(-60));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.WriteAsync(Stream, [Page(Frame([0, 60], Doubles("new", 1.0, 2.0)), Set((120, 120)), Set((120, 120)))], cancellation.Token));

        Assert.True(cancellation.IsCancellationRequested);
        Assert.Equal(Set((-60, -60)), await store.GetCoverageAsync(Stream));
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
    }

    [StoreFact]
    public async Task A_table_that_is_dropped_between_two_writes_is_made_again()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await ExecuteAsync("DROP TABLE \"BTCUSDT\"");
        await WriteAsync(store, Frame(120));
        Assert.Equal(Set((120, 120)), await store.GetCoverageAsync(Stream));
    }

    private sealed class CallbackTimeProvider(Action callback) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            callback();
            return base.GetUtcNow();
        }
    }
}
