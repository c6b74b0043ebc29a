using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Streams;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Streams;

/// <summary>
/// A stream's history from a real store, filled by a source in this process. The clock stands at minute 1,000 since the epoch.
/// </summary>
public sealed class LoadHistoryTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));
    private readonly CountingHistoryStore _store;
    private readonly ScriptedFetcher _source = new();

    public LoadHistoryTests() => _store = new CountingHistoryStore(HistoryStoreFactory.Open(_folder.File("bars.db")));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task History_is_filled_then_loaded()
    {
        StreamInput stream = Stream(period: 10);

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((10L, 10L, 0L, 0L, 1), (load.BarsLoaded, load.BarsWritten, load.BarsEmpty, load.BarsMissing, load.Requests));
        Assert.Equal(Enumerable.Range(100, 10), HeldMinutes(stream));
    }

    [Fact]
    public async Task A_second_load_costs_neither_a_request_nor_a_look_at_the_store()
    {
        _source.Holes.UnionWith([103 * 60, 104 * 60]);
        StreamInput stream = Stream(period: 10);
        BackfillResult first = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));
        (int requests, int queries, int reads) = (_source.Asked.Count, _store.Queries, _store.Reads);

        BackfillResult second = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((8L, 8L, 2L, 0L), (first.BarsLoaded, first.BarsWritten, first.BarsEmpty, first.BarsMissing));
        Assert.Equal((0L, 0L, 0L, 0L, 0), (second.BarsLoaded, second.BarsWritten, second.BarsEmpty, second.BarsMissing, second.Requests));
        Assert.Equal((requests, queries, reads), (_source.Asked.Count, _store.Queries, _store.Reads));
    }

    [Fact]
    public async Task Only_what_is_missing_is_asked_for()
    {
        await Stream(period: 10).LoadHistoryAsync(Bars.Minutes(103, 105));

        BackfillResult load = await Stream(period: 10).LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((10L, 7L), (load.BarsLoaded, load.BarsWritten));
        Assert.Equal(Bars.Minutes(100, 109), _source.Asked.Last());
    }

    [Fact]
    public async Task A_later_range_asks_only_for_its_new_part()
    {
        StreamInput stream = Stream(period: 20);
        await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        await stream.LoadHistoryAsync(Bars.Minutes(100, 112));

        Assert.Equal([Bars.Minutes(100, 109), Bars.Minutes(110, 112)], _source.Asked);
        Assert.Equal([Bars.Minutes(100, 109), Bars.Minutes(110, 112)], _store.RangesRead);
        Assert.Equal(Enumerable.Range(100, 13), HeldMinutes(stream));
    }

    [Fact]
    public async Task Another_process_finds_the_holes_known_and_asks_nothing()
    {
        _source.Holes.Add(103 * 60);
        await Stream(period: 10).LoadHistoryAsync(Bars.Minutes(100, 109));
        int requests = _source.Asked.Count;

        BackfillResult load = await Stream(period: 10).LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((9L, 0L, 1L, 0L, 0), (load.BarsLoaded, load.BarsWritten, load.BarsEmpty, load.BarsMissing, load.Requests));
        Assert.Equal(requests, _source.Asked.Count);
    }

    [Fact]
    public async Task A_young_hole_stays_missing_and_is_asked_for_again_until_it_has_settled()
    {
        _source.Holes.Add(999 * 60);
        StreamInput stream = Stream(period: 10);

        BackfillResult young = await stream.LoadHistoryAsync(Bars.Minutes(990, 999));
        BackfillResult stillYoung = await stream.LoadHistoryAsync(Bars.Minutes(990, 999));
        _clock.Advance(TimeSpan.FromMinutes(5));
        BackfillResult settled = await stream.LoadHistoryAsync(Bars.Minutes(990, 999));
        BackfillResult known = await stream.LoadHistoryAsync(Bars.Minutes(990, 999));

        Assert.Equal([(9L, 1L), (0L, 1L), (0L, 0L), (0L, 0L)], new[] { young, stillYoung, settled, known }.Select(load => (load.BarsLoaded, load.BarsMissing)));
        Assert.Equal([0L, 0L, 1L, 0L], new[] { young, stillYoung, settled, known }.Select(load => load.BarsEmpty));

        // After the first page its end is asked for by itself.
        Assert.Equal([Bars.Minutes(990, 999), .. Enumerable.Repeat(Bars.Minutes(999, 999), 3)], _source.Asked);
    }

    [Fact]
    public async Task A_bar_that_is_still_forming_is_neither_asked_for_nor_loaded()
    {
        StreamInput stream = Stream(period: 10);

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(998, 1003));
        BackfillResult future = await stream.LoadHistoryAsync(Bars.Minutes(1000, 1003));

        Assert.Equal(Bars.Minutes(998, 999), load.Range);
        Assert.Equal([998, 999], HeldMinutes(stream));
        Assert.Equal((Bars.Minutes(1000, 1003), BackfillStatus.Completed, 0L, 0L), (future.Range, future.Status, future.BarsLoaded, future.BarsMissing));
    }

    [Fact]
    public async Task Of_a_range_longer_than_the_cache_all_is_filled_and_only_the_newest_bars_are_read()
    {
        _source.Holes.UnionWith([894 * 60, 895 * 60]);
        StreamInput stream = Stream(period: 10);

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 899));
        int queries = _store.Queries;
        await stream.LoadHistoryAsync(Bars.Minutes(100, 899));

        Assert.Equal((10L, 798L, 2L, 0L), (load.BarsLoaded, load.BarsWritten, load.BarsEmpty, load.BarsMissing));
        Assert.Equal([Bars.Minutes(888, 899)], _store.RangesRead);
        Assert.Equal([888, 889, 890, 891, 892, 893, 896, 897, 898, 899], HeldMinutes(stream));
        Assert.Equal(queries, _store.Queries);
    }

    [Fact]
    public async Task A_stream_without_provider_says_so()
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = "BTCUSDT", Interval = Bars.Minute });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => stream.LoadHistoryAsync(Bars.Minutes(0, 9)));

        Assert.Contains("BTCUSDT 1m has no history provider", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_only_reads_gives_what_it_has()
    {
        await Stream(period: 10).LoadHistoryAsync(Bars.Minutes(100, 104));
        StreamInput stream = Stream(period: 10, fetcher: null);

        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((5L, 0L, 5L), (load.BarsLoaded, load.BarsWritten, load.BarsMissing));
        Assert.Contains("no fetcher", load.Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_source_fails_what_is_stored_is_loaded_and_the_next_load_asks_again()
    {
        await Stream(period: 10).LoadHistoryAsync(Bars.Minutes(100, 104));
        _source.Answer = (_, _, _, _) => throw new SourceException("The exchange is closed.");
        StreamInput stream = Stream(period: 10);

        var error = await Assert.ThrowsAsync<SourceException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 109)));
        int[] meanwhile = HeldMinutes(stream);
        _source.Answer = (_, _, honest, _) => Task.FromResult(honest);
        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal("The exchange is closed.", error.Message);
        Assert.Equal([100, 101, 102, 103, 104], meanwhile);
        Assert.Equal((5L, 5L, 0L), (load.BarsLoaded, load.BarsWritten, load.BarsMissing));
        Assert.Equal(Enumerable.Range(100, 10), HeldMinutes(stream));
    }

    [Fact]
    public async Task Where_the_store_cannot_be_read_nothing_counts_as_loaded()
    {
        StreamInput stream = Stream(period: 10);
        _store.BeforeRead = () => throw new StoreException("The disk is gone.");

        await Assert.ThrowsAsync<StoreException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 109)));
        _store.BeforeRead = () => { };
        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((10L, 0L, 0), (load.BarsLoaded, load.BarsWritten, load.Requests));
    }

    [Fact]
    public async Task Two_loads_at_once_ask_once()
    {
        StreamInput stream = Stream(period: 10);

        await Task.WhenAll(stream.LoadHistoryAsync(Bars.Minutes(100, 109)), stream.LoadHistoryAsync(Bars.Minutes(100, 109)));

        Assert.Single(_source.Asked);
        Assert.Equal(1, _store.Reads);
    }

    [Fact]
    public async Task A_live_bar_wins_over_loaded_history()
    {
        StreamInput stream = Stream(period: 10);
        stream.Cache.Append(stream.Key, 105 * 60, Qmtl.Payloads.Payload.FromBar(Bars.AtMinutes([105], _ => -1).GetRow(0)));

        await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal(-1.0, stream.Cache.Slice(stream.Key, 10).GetRow(5)["close"]);
    }

    [Fact]
    public async Task A_cancelled_load_can_be_done_again()
    {
        StreamInput stream = Stream(period: 10);
        using var cancelled = new CancellationTokenSource();
        _source.Answer = (_, _, honest, _) =>
        {
            cancelled.Cancel();
            return Task.FromResult(honest);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.LoadHistoryAsync(Bars.Minutes(100, 109), cancelled.Token));
        BackfillResult load = await stream.LoadHistoryAsync(Bars.Minutes(100, 109));

        Assert.Equal((10L, 0L), (load.BarsLoaded, load.BarsMissing));
    }

    private static int[] HeldMinutes(StreamInput stream) => Bars.MinutesOf(stream.Cache.Slice(stream.Key, int.MaxValue));

    private StreamInput Stream(int period) => Stream(period, _source);

    private StreamInput Stream(int period, IDataFetcher? fetcher) => new(
        new StreamInputOptions
        {
            NodeId = "BTCUSDT",
            Interval = Bars.Minute,
            Period = period,
            HistoryProvider = new StoreHistoryProvider(_store, fetcher, new BackfillOptions { MaxRetries = 0 }, _clock),
        },
        _clock);
}
