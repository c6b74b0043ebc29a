using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies.Warmup;

/// <summary>Warm-ups from a real store. The clock stands at minute 1,000 since the epoch, so bar 999 is the last that has closed.</summary>
public sealed class HistoryWarmupTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));
    private readonly CountingHistoryStore _store;
    private readonly ScriptedFetcher _source = new();
    private readonly ConcurrentQueue<string> _warnings = [];

    public HistoryWarmupTests() => _store = new CountingHistoryStore(HistoryStoreFactory.Open(_folder.File("bars.db")));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_window_is_the_period_up_to_the_last_closed_bar()
    {
        StreamInput stream = Stream("S", 20);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((stream, Bars.Minutes(980, 999), BackfillStatus.Completed), (result.Input, result.Range, result.Status));
        Assert.Equal((20L, 20L, 0L, 0L, 1), (result.BarsLoaded, result.BarsWritten, result.BarsEmpty, result.BarsMissing, result.Requests));
        Assert.Null(result.Error);
        Assert.Empty(_warnings);
        Assert.Equal(Enumerable.Range(980, 20), Bars.MinutesOf(stream.Cache.Slice(stream.Key, 100)));
    }

    [Fact]
    public async Task A_period_that_reaches_before_the_year_1_is_refused_before_anything_is_asked()
    {
        WarmupResult result = await WarmUpAsync(Stream("S", 2_000_000_000));

        Assert.Equal(BackfillStatus.Failed, result.Status);
        Assert.Contains("2000000000 bars, reaches back before the year 1", result.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(_source.Asked);
        Assert.Equal(0, _store.Queries);
    }

    [Fact]
    public async Task A_second_warm_up_costs_nothing_and_says_the_same()
    {
        _source.Holes.Add(985 * 60);
        StreamInput stream = Stream("S", 20);
        await WarmUpAsync(stream);
        (int requests, int queries, int reads) = (_source.Asked.Count, _store.Queries, _store.Reads);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Completed, 19L, 0L, 1L, 0L, 0), (result.Status, result.BarsLoaded, result.BarsWritten, result.BarsEmpty, result.BarsMissing, result.Requests));
        Assert.Equal((requests, queries, reads), (_source.Asked.Count, _store.Queries, _store.Reads));
    }

    [Fact]
    public async Task A_hole_that_no_source_can_fill_is_a_warning_where_holes_are_skipped()
    {
        _source.Holes.UnionWith([985 * 60, 986 * 60, 990 * 60]);
        StreamInput stream = Stream("S", 20);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Completed, 17L, 3L), (result.Status, result.BarsLoaded, result.BarsEmpty));
        Assert.Equal(["S 1m: 3 of the 20 bars of the warm-up do not exist, in 2 holes, the first at 1970-01-01T16:25:00Z. Nodes leave out the steps at holes."], _warnings);
    }

    [Fact]
    public async Task A_hole_that_no_source_can_fill_is_an_error_where_none_may_be()
    {
        _source.Holes.UnionWith([985 * 60, 986 * 60]);
        StreamInput stream = Stream("S", 20);

        WarmupResult first = await WarmUpAsync(stream, OnMissing.Fail);
        WarmupResult second = await WarmUpAsync(stream, OnMissing.Fail);

        Assert.Equal((BackfillStatus.Failed, 18L, 2L), (first.Status, first.BarsLoaded, first.BarsEmpty));
        Assert.Equal(Bars.Minutes(985, 986), Assert.IsType<MissingBarsException>(first.Error).Bars);
        Assert.Equal((BackfillStatus.Failed, 18L, 2L), (second.Status, second.BarsLoaded, second.BarsEmpty));
        Assert.Single(_source.Asked);
    }

    [Fact]
    public async Task Bars_too_young_to_be_believed_empty_leave_it_incomplete()
    {
        _source.Holes.Add(999 * 60);
        StreamInput stream = Stream("S", 20);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Partial, 19L, 0L, 1L), (result.Status, result.BarsLoaded, result.BarsEmpty, result.BarsMissing));
        Assert.Contains("1 of the 20 bars of the warm-up are missing", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_period_longer_than_all_history_ends_with_what_there_is()
    {
        _source.Holes.UnionWith(Enumerable.Range(-5000, 5900).Select(minute => minute * 60L));
        StreamInput stream = Stream("S", 5000);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Completed, 100L, 4900L, 0L), (result.Status, result.BarsLoaded, result.BarsEmpty, result.BarsMissing));

        // Five pages, and the part of the last one before its first bar.
        Assert.Equal(6, _source.Asked.Count);
    }

    [Fact]
    public async Task Warmed_streams_replay_in_order_and_nodes_leave_out_the_steps_at_holes()
    {
        _source.Holes.Add(995 * 60);
        StreamInput first = Stream("FIRST", 8);
        StreamInput second = Stream("SECOND", 3);
        Node sum = Graphs.Sum("sum", 2, first, second);

        await foreach (WarmupResult result in Warmup(OnMissing.Skip).RunAsync([first, second]))
        {
            Assert.Equal(BackfillStatus.Completed, result.Status);
        }

        Assert.Equal(
            ["sum@998=" + (60 * (998 + 997 + 998 + 997)), "sum@999=" + (60 * (999 + 998 + 998 + 997)), "sum@999=" + (60 * (999 + 998 + 999 + 998))],
            Graphs.Replay(new Pipeline([sum])));
    }

    [Fact]
    public async Task One_stream_that_fails_does_not_keep_the_others()
    {
        StreamInput good = Stream("GOOD", 10);
        StreamInput withoutProvider = new(new StreamInputOptions { NodeId = "NONE", Interval = Bars.Minute, Period = 10 }, _clock);
        StreamInput wrong = new(
            new StreamInputOptions { NodeId = "WRONG", Interval = Bars.Minute, Period = 10, HistoryProvider = new ScriptedProvider { Coverage = _ => throw new IOException("The disk is gone.") } }, _clock);

        Dictionary<string, WarmupResult> results = await Warmup(OnMissing.Skip).RunAsync([withoutProvider, wrong, good, good]).ToDictionaryAsync(result => result.Stream.NodeId);

        Assert.Equal(3, results.Count);
        Assert.Equal(BackfillStatus.Completed, results["GOOD"].Status);
        Assert.Equal((BackfillStatus.Failed, 10L), (results["WRONG"].Status, results["WRONG"].BarsMissing));
        Assert.Equal("The disk is gone.", results["WRONG"].Error!.Message);
        Assert.Equal(BackfillStatus.Failed, results["NONE"].Status);
        Assert.Contains("NONE 1m has no history provider", results["NONE"].Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_fails_leaves_what_is_stored_loaded()
    {
        await WarmUpAsync(Stream("S", 5));
        _source.Answer = (_, _, _, _) => throw new SourceException("The exchange is closed.");
        StreamInput stream = Stream("S", 20);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Failed, 5L, 0L, 15L), (result.Status, result.BarsLoaded, result.BarsEmpty, result.BarsMissing));
        Assert.Equal("The exchange is closed.", result.Error!.Message);
    }

    [Fact]
    public async Task A_source_that_never_answers_right_ends_after_its_retries()
    {
        _source.Answer = (_, _, _, _) => Task.FromResult(ScriptedFetcher.Bars(17, 23));
        StreamInput stream = Stream("S", 20);

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Partial, 0L, 20L), (result.Status, result.BarsLoaded, result.BarsMissing));
        Assert.Equal(2, result.Rejected.Total);
        Assert.Single(_source.Asked);
    }

    [Fact]
    public async Task Streams_warm_up_at_once_but_not_more_than_the_limit()
    {
        int running = 0;
        int most = 0;
        var twoAreHere = new TaskCompletionSource();
        _source.Answer = async (_, _, honest, token) =>
        {
            int now = Interlocked.Increment(ref running);
            lock (twoAreHere)
            {
                most = Math.Max(most, now);
            }

            if (now == 2)
            {
                twoAreHere.TrySetResult();
            }

            await twoAreHere.Task.WaitAsync(TimeSpan.FromMinutes(2), token);
            Interlocked.Decrement(ref running);
            return honest;
        };
        StreamInput[] streams = [.. Enumerable.Range(0, 8).Select(i => Stream($"S{i}", 10))];
        var warmup = new HistoryWarmup(new HistoryWarmupOptions { ThrottleLimit = 2 }, _clock);

        Assert.Equal(8, await warmup.RunAsync(streams).CountAsync(result => result.Status == BackfillStatus.Completed));

        Assert.Equal(2, most);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stores_are_filled_as_their_providers_say_unless_told_otherwise(bool told)
    {
        int asked = 0;
        _source.Answer = (_, _, _, _) => ++asked < 20 ? throw new SourceException("Try again.") { IsTransient = true } : Task.FromResult(ScriptedFetcher.Bars());
        StreamInput stream = Stream("S", 10, new BackfillOptions { MaxRetries = 2, RetryDelay = TimeSpan.Zero });
        var options = new HistoryWarmupOptions { Backfill = told ? new BackfillOptions { MaxRetries = 5, RetryDelay = TimeSpan.Zero } : null };

        WarmupResult result = await new HistoryWarmup(options, _clock).RunAsync([stream]).SingleAsync();

        Assert.Equal((BackfillStatus.Failed, told ? 6 : 3), (result.Status, result.Requests));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public void A_limit_outside_its_limits_is_refused(int limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new HistoryWarmup(new HistoryWarmupOptions { ThrottleLimit = limit }));

    [Fact]
    public async Task A_cancelled_warm_up_ends_and_can_be_done_again()
    {
        using var cancellation = new CancellationTokenSource();
        _source.Answer = async (_, _, honest, token) =>
        {
            await cancellation.CancelAsync();
            token.ThrowIfCancellationRequested();
            return honest;
        };
        StreamInput stream = Stream("S", 10);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Warmup(OnMissing.Skip).RunAsync([stream], cancellation.Token).ToListAsync().AsTask());
        _source.Answer = (_, _, honest, _) => Task.FromResult(honest);

        Assert.Equal(BackfillStatus.Completed, (await WarmUpAsync(stream)).Status);
    }

    [Fact]
    public async Task Live_bars_that_came_meanwhile_are_no_holes()
    {
        StreamInput stream = Stream("S", 10);
        new Pipeline([stream]).Feed(stream, Bars.AtMinutes(1000), _ => { });

        WarmupResult result = await WarmUpAsync(stream);

        Assert.Equal((BackfillStatus.Completed, 9L, 0L, 0L), (result.Status, result.BarsLoaded, result.BarsEmpty, result.BarsMissing));
        Assert.Equal(Enumerable.Range(991, 10), Bars.MinutesOf(stream.Cache.Slice(stream.Key, 10)));
    }

    private async Task<WarmupResult> WarmUpAsync(StreamInput stream, OnMissing onMissing = OnMissing.Skip) => await Warmup(onMissing).RunAsync([stream]).SingleAsync();

    private HistoryWarmup Warmup(OnMissing onMissing) => new(
        new HistoryWarmupOptions { OnMissing = onMissing, OnWarning = _warnings.Enqueue, Backfill = new BackfillOptions { MaxRetries = 0 } }, _clock);

    private StreamInput Stream(string id, int period, BackfillOptions? options = null) => new(
        new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = period, HistoryProvider = new StoreHistoryProvider(_store, _source, options, _clock) }, _clock);
}
