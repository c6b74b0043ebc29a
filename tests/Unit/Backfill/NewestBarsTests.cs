using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Quality;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Backfill;

/// <summary>The newest bars of many streams over a real store, whose clock stands at a bar's close.</summary>
public sealed partial class NewestBarsTests : IDisposable
{
    private const int Many = 600;

    // The bar that has just closed.
    private const long Newest = (1_700_000_000 / 60 * 60) - 60;

    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly List<BackfillEvent> _events = [];

    private WaitedClock Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(Newest + 60));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_streams_get_the_bar_that_has_closed_in_a_few_commits()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(Many);
        var source = new ScriptedFetcher();
        await FillAsync(store, streams, source);
        store.Commits = 0;
        List<BackfillResult> results = await RunAsync(store, streams.Select(stream => Request(store, source, stream, Newest, Newest)));

        Assert.Equal(Many, results.Count);
        Assert.All(results, result => Assert.Equal((BackfillStatus.Completed, 1L, 0L, 1), (result.Status, result.BarsWritten, result.BarsMissing, result.Requests)));
        Assert.InRange(store.Commits, 1, Many / 4);
        foreach (StreamKey stream in streams)
        {
            Assert.Equal(Newest, (await store.GetCoverageAsync(stream)).Bounds!.Value.End);
        }
    }

    [Fact]
    public async Task What_is_there_is_not_asked_for_again()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(20);
        var source = new ScriptedFetcher();
        await FillAsync(store, streams, source, Newest);
        int asked = source.Asked.Count;
        List<BackfillResult> results = await RunAsync(store, streams.Select(stream => Request(store, source, stream, Newest - 180, Newest)));
        Assert.Equal(asked, source.Asked.Count);
        Assert.All(results, result => Assert.Equal((BackfillStatus.Completed, 0L, 0), (result.Status, result.BarsWritten, result.Requests)));
    }

    [Fact]
    public async Task Stored_bars_that_differ_are_revised_with_their_trail_and_the_others_commit_together()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(50);
        await FillAsync(store, streams, new ScriptedFetcher());
        var source = new ScriptedFetcher();
        var late = new DelegateFetcher("scripted", async (stream, range, token) =>
        {
            RawBars honest = await source.FetchAsync(stream, range, token);
            return stream != streams[7]
                ? honest
                : new RawBars(honest.Timestamps, [new BarColumn<double>("close", Array.ConvertAll(honest.Timestamps.ToArray(), open => open == Newest - 120 ? 7.5 : open))]);
        });
        List<BackfillResult> results = await RunAsync(store, streams.Select(stream => Request(store, late, stream, Newest - 180, Newest)));

        Assert.Equal(1, store.Revisions);
        Assert.All(results, result => Assert.Equal(
            (BackfillStatus.Completed, result.Stream == streams[7] ? (2L, 1L) : (1L, 0L), 0L),
            (result.Status, (result.BarsWritten, result.BarsReplaced), result.BarsMissing)));
        List<BarRevision> trail = await store.ReadRevisionsAsync(streams[7]).ToListAsync();
        BarRevision revision = Assert.Single(trail);
        Assert.Equal((Newest - 120, "close", "7.5"), (revision.Timestamp, revision.Column, revision.Is));
        Assert.Empty(await store.ReadRevisionsAsync(streams[8]).ToListAsync());
    }

    [Fact]
    public async Task A_bar_that_another_program_writes_while_the_source_is_asked_is_not_replaced_without_its_trail()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(50);
        await FillAsync(store, streams, new ScriptedFetcher());
        var source = new ScriptedFetcher();
        var slow = new DelegateFetcher("scripted", async (stream, range, token) =>
        {
            if (stream == streams[7])
            {
                // A recorder needs no claim.
                await store.WriteAsync(
                    stream,
                    [
                        new BarPage(
                            "recorder",
                            new BarFrame(Minute, new[] { Newest }, [new BarColumn<double>("close", new[] { 7.5 })]),
                            TimeRangeSet.Empty(Minute),
                            TimeRangeSet.Empty(Minute)),
                    ],
                    token);
            }

            return await source.FetchAsync(stream, range, token);
        });
        List<BackfillResult> results = await RunAsync(store, streams.Select(stream => Request(store, slow, stream, Newest - 180, Newest)));

        Assert.All(results, result => Assert.Equal((BackfillStatus.Completed, 0L), (result.Status, result.BarsMissing)));
        Assert.Equal(
            [(Newest, "7.5", $"{Newest}")],
            (await store.ReadRevisionsAsync(streams[7]).ToListAsync()).Select(entry => (entry.Timestamp, entry.Was!, entry.Is!)));
        Assert.Empty(await store.ReadRevisionsAsync(streams[8]).ToListAsync());
        BarFrame read = Assert.Single(await store.ReadAsync(streams[7], new TimeRange(Newest, Newest)).ToListAsync());
        Assert.Equal((double)Newest, ((BarColumn<double>)read.FindColumn("close")!).Values.Span[0]);
    }

    [Fact]
    public async Task A_late_bar_that_was_learnt_as_empty_is_added_and_counted_once()
    {
        await using CountingStore store = Open();
        StreamKey stream = Streams(1)[0];
        var quiet = new ScriptedFetcher { Holes = [Newest - 600] };
        await FillAsync(store, [stream], quiet);
        Assert.Equal(1, (await store.GetKnownEmptyAsync(stream, "scripted")).BarCount);

        // Once as quiet as before, and then with the bar.
        Clock.Advance(TimeSpan.FromMinutes(1));
        BackfillResult same = Assert.Single(await RunAsync(store, [Request(store, quiet, stream, Newest - 600, Newest)]));
        Assert.Equal((BackfillStatus.Completed, 1L, 0L, 0L), (same.Status, same.BarsWritten, same.BarsEmpty, same.BarsMissing));
        BackfillResult late = Assert.Single(await RunAsync(store, [Request(store, new ScriptedFetcher(), stream, Newest - 600, Newest + 60)]));
        Assert.Equal((BackfillStatus.Completed, 2L, 0L, 0L), (late.Status, late.BarsWritten, late.BarsEmpty, late.BarsMissing));
        Assert.True((await store.GetKnownEmptyAsync(stream, null)).IsEmpty);
        Assert.Equal(new TimeRange(Newest - 600, Newest + 60), Assert.Single(await store.GetCoverageAsync(stream)));
    }

    [Fact]
    public async Task What_fails_for_one_stream_is_told_of_that_and_holds_back_no_other()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(12);
        await FillAsync(store, streams, new ScriptedFetcher());
        var honest = new ScriptedFetcher();
        var source = new DelegateFetcher("scripted", async (stream, range, token) =>
        {
            RawBars bars = await honest.FetchAsync(stream, range, token);
            return Array.IndexOf(streams, stream) switch
            {
                1 => throw new SourceException("no such symbol"),
                2 => throw new SourceException("busy") { IsTransient = true },
                3 => new RawBars(bars.Timestamps, [new BarColumn<string?>("close", Array.ConvertAll(bars.Timestamps.ToArray(), _ => "x"))]),
                4 => new RawBars(bars.Timestamps, [new BarColumn<double>("high", new double[bars.Timestamps.Length]), new BarColumn<double>("low", Array.ConvertAll(bars.Timestamps.ToArray(), _ => 1.0))]),
                5 => new RawBars(Array.ConvertAll(bars.Timestamps.ToArray(), open => open + 7), bars.Columns),
                6 => new RawBars(bars.Timestamps, [new BarColumn<double>("close", Array.ConvertAll(bars.Timestamps.ToArray(), open => open + 0.5)), new BarColumn<double>("extra", new double[bars.Timestamps.Length])]),
                _ => bars,
            };
        });
        Task<List<BackfillResult>> running = RunAsync(
            store,
            streams.Select(stream => Request(store, source, stream, Newest, Newest)),
            new BackfillOptions { OnBadBar = BadBars.Refuse, MaxRetries = 2 });
        await AdvanceUntilAsync(running);
        Dictionary<StreamKey, BackfillResult> results = (await running).ToDictionary(result => result.Stream);

        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, 12).Where(number => results[streams[number]].Status == BackfillStatus.Failed));
        Assert.Equal(2, results[streams[2]].Retries);
        Assert.Contains("contradicts itself", results[streams[4]].Error!.Message, StringComparison.Ordinal);
        Assert.Equal((BackfillStatus.Partial, 1L), (results[streams[5]].Status, results[streams[5]].BarsRejected));
        foreach (int number in (int[])[0, 6, 7, 8, 9, 10, 11])
        {
            Assert.Equal((BackfillStatus.Completed, 1L), (results[streams[number]].Status, results[streams[number]].BarsWritten));
        }
    }

    [Fact]
    public async Task A_store_that_is_away_is_tried_again_for_all()
    {
        await using CountingStore store = Open();
        StreamKey[] streams = Streams(30);
        var source = new ScriptedFetcher();
        await FillAsync(store, streams, source);
        int failures = 0;
        store.BeforeWrite = () => Interlocked.Increment(ref failures) <= 2
            ? throw new StoreException("away") { IsTransient = true }
            : Task.CompletedTask;
        int asked = source.Asked.Count;
        Task<List<BackfillResult>> running = RunAsync(store, streams.Select(stream => Request(store, source, stream, Newest, Newest)));
        await AdvanceUntilAsync(running);
        Assert.All(await running, result => Assert.Equal((BackfillStatus.Completed, 1L), (result.Status, result.BarsWritten)));
        Assert.Equal(asked + streams.Length, source.Asked.Count);
        Assert.Contains(Events, happened => happened is BackfillRetrying { Error: StoreException });
    }

    [Fact]
    public async Task The_story_that_is_told_is_the_engines()
    {
        await using CountingStore store = Open();
        StreamKey stream = Streams(1)[0];
        var source = new ScriptedFetcher();
        await FillAsync(store, [stream], source);
        _events.Clear();
        await RunAsync(store, [Request(store, source, stream, Newest - 120, Newest)]);
        Assert.Equal(
            ["BackfillStarted", "BackfillPlanned", "BackfillSourceAsked", "BackfillRangeEnded", "BackfillPageCommitted", "BackfillEnded"],
            Events.Select(happened => happened.GetType().Name).Order().OrderBy(name => Array.IndexOf(
                ["BackfillStarted", "BackfillPlanned", "BackfillSourceAsked", "BackfillRangeEnded", "BackfillPageCommitted", "BackfillEnded"], name)));
        Assert.Equal(1, Events.OfType<BackfillPlanned>().Single().BarsMissing);
        BackfillPageCommitted page = Events.OfType<BackfillPageCommitted>().Single();
        Assert.Equal((1L, 0L, 1L, Newest), (page.BarsWritten, page.BarsEmpty, page.BarsAsked, page.CompleteUpTo));
        Assert.Null(Events.OfType<BackfillEnded>().Single().Missing);
    }

    [Fact]
    public async Task Several_stores_are_completed_in_one_run()
    {
        await using CountingStore one = Open();
        await using var two = new CountingStore(new SqliteHistoryStore(_folder.File("other.db")));
        StreamKey[] streams = Streams(4);
        var source = new ScriptedFetcher();
        List<BackfillResult> results = await RunAsync(one, [
            .. streams.Select(stream => Request(one, source, stream, Newest, Newest)),
            .. streams.Select(stream => Request(two, source, stream, Newest - 60, Newest))]);
        Assert.Equal(12, results.Sum(result => result.BarsWritten));
        Assert.Equal(streams, await two.GetStreamsAsync());
    }

    private static StreamKey[] Streams(int count) => [.. Enumerable.Range(0, count).Select(number => new StreamKey($"N{number:0000}", Minute))];

    private static BackfillRequest Request(IHistoryStore store, IDataFetcher source, StreamKey stream, long start, long end) =>
        new(store, source, stream, [new TimeRange(start, end)]);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private IReadOnlyList<BackfillEvent> Events
    {
        get
        {
            lock (_events)
            {
                return [.. _events];
            }
        }
    }

    private CountingStore Open() => new(new SqliteHistoryStore(_folder.File("history.db"), timeProvider: Clock));

    // Up to the bar before the newest; one write for all, as the stores' own tests know it to work.
    private static async Task FillAsync(IHistoryStore store, StreamKey[] streams, ScriptedFetcher source, long end = Newest - 60)
    {
        var range = new TimeRange(Newest - 600, end);
        RawBars raw = await source.FetchAsync(streams[0], range, CancellationToken.None);
        ValidatedBars bars = raw.Validate(Minute, range, Newest);
        Assert.All(
            await store.WriteManyAsync([.. streams.Select(stream => new StreamWrite(
                stream, [new BarPage(source.Name, bars.Frame, new TimeRangeSet(Minute, range), new TimeRangeSet(Minute, range).Subtract(bars.Frame.ToRangeSet()))]))]),
            Assert.Null);
    }

    private async Task<List<BackfillResult>> RunAsync(
        CountingStore store, IEnumerable<BackfillRequest> requests, BackfillOptions? options = null) =>
        await new NewestBars(options, Clock, Note).RunAsync(requests).ToListAsync();

    private async Task AdvanceUntilAsync(Task running)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!running.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            if (Clock.IsWaitedFor)
            {
                Clock.Advance(TimeSpan.FromMilliseconds(100));
            }

            await Task.Yield();
        }
    }

    private void Note(BackfillEvent happened)
    {
        lock (_events)
        {
            _events.Add(happened);
        }
    }

    /// <summary>Counts what goes to the store that it stands before.</summary>
    private sealed class CountingStore(IHistoryStore store) : IHistoryStore
    {
        public int Commits { get; set; }

        public int Revisions { get; private set; }

        public Func<Task> BeforeWrite { get; set; } = () => Task.CompletedTask;

        public StoreInfo Info => store.Info;

        public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) => store.GetStreamsAsync(cancellationToken);

        public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
            store.GetCoverageAsync(stream, within, cancellationToken);

        public IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default) =>
            store.ReadAsync(stream, range, cancellationToken);

        public Task<TimeRangeSet> GetKnownEmptyAsync(StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default) =>
            store.GetKnownEmptyAsync(stream, source, within, cancellationToken);

        public Task<IReadOnlyList<StoredRange>> ReadManyAsync(IReadOnlyList<StreamRange> ranges, CancellationToken cancellationToken = default) =>
            store.ReadManyAsync(ranges, cancellationToken);

        public Task<IAsyncDisposable?> TryClaimAsync(StreamKey stream, CancellationToken cancellationToken = default) =>
            store.TryClaimAsync(stream, cancellationToken);

        public Task<StreamClaims> TryClaimManyAsync(IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default) =>
            store.TryClaimManyAsync(streams, cancellationToken);

        public Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default) =>
            store.WriteAsync(stream, pages, cancellationToken);

        public async Task<IReadOnlyList<StoreException?>> WriteManyAsync(IReadOnlyList<StreamWrite> writes, CancellationToken cancellationToken = default)
        {
            await BeforeWrite();
            Commits++;
            return await store.WriteManyAsync(writes, cancellationToken);
        }

        public Task<RevisedHistory> ReviseAsync(StreamKey stream, IReadOnlyList<BarPage> pages, bool trailAdded, CancellationToken cancellationToken = default)
        {
            Revisions++;
            return store.ReviseAsync(stream, pages, trailAdded, cancellationToken);
        }

        public IAsyncEnumerable<BarRevision> ReadRevisionsAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
            store.ReadRevisionsAsync(stream, within, cancellationToken);

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }
}
