using Qmtl.Data;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>What a pipeline processes is recorded, exactly as it was processed, into a real store.</summary>
public sealed class PipelineRecordingTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly EventRecorderService _service;

    public PipelineRecordingTests() => _service = new EventRecorderService(
        new StoreRecorder(HistoryStoreFactory.Open(_folder.File("recorded.db"))), new EventRecorderOptions { SpoolFolder = _folder.File("spool") });

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _service.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, 2048)]
    [InlineData(true, 2048)]
    [InlineData(false, 7)]
    [InlineData(true, 7)]
    public async Task A_replay_records_every_bar_of_every_stream_and_waits_for_it(bool parallel, int barsPerBatch)
    {
        StreamInput first = Recorded("FIRST", Bars.AtMinutes(Enumerable.Range(0, 500), minute => Math.Sqrt(minute)));
        StreamInput second = Recorded("SECOND", Bars.AtMinutes(Enumerable.Range(100, 300).Where(minute => minute % 7 != 0), minute => Math.Sqrt(minute)));
        StreamInput unrecorded = Graphs.Stream("THIRD", Bars.AtMinutes(Enumerable.Range(0, 50)));
        var pipeline = new Pipeline([Graphs.Sum("sum", first, second, unrecorded)], new PipelineOptions { Parallel = parallel, BarsPerBatch = barsPerBatch });

        await pipeline.ReplayAsync(_ => { });

        await AssertStoredAsync(first, Enumerable.Range(0, 500));
        await AssertStoredAsync(second, Enumerable.Range(100, 300).Where(minute => minute % 7 != 0));
        await AssertStoredAsync(unrecorded, []);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_replay_has_recorded_what_was_processed(bool parallel)
    {
        StreamInput stream = Recorded("S", Bars.AtMinutes(Enumerable.Range(0, 500), minute => Math.Sqrt(minute)));
        int calls = 0;
        var faulty = new ComputeNode("faulty", [stream], double (_) => ++calls == 321 ? throw new FormatException("No.") : calls);

        await Assert.ThrowsAsync<NodeFailedException>(() => new Pipeline([faulty], new PipelineOptions { Parallel = parallel }).ReplayAsync(_ => { }));
        await _service.FlushAsync();

        await AssertStoredAsync(stream, Enumerable.Range(0, 321));
    }

    [Fact]
    public async Task What_the_executor_never_ran_is_neither_recorded_nor_counted()
    {
        StreamInput stream = Recorded("S", Bars.AtMinutes(Enumerable.Range(0, 50), minute => Math.Sqrt(minute)));
        int batches = 0;
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)], new PipelineOptions
        {
            BarsPerBatch = 10,
            Executor = work =>
            {
                if (++batches == 3)
                {
                    throw new InvalidOperationException("Closed.");
                }

                work();
                return Task.CompletedTask;
            },
        });

        await Assert.ThrowsAsync<InvalidOperationException>(() => pipeline.ReplayAsync(_ => { }));
        await _service.FlushAsync();

        Assert.Equal(20, pipeline.BarsReplayed);
        await AssertStoredAsync(stream, Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task A_replay_on_the_callers_thread_records_too()
    {
        StreamInput stream = Recorded("S", Bars.AtMinutes(Enumerable.Range(0, 50), minute => Math.Sqrt(minute)));
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)]);

        pipeline.Replay(_ => { });
        await pipeline.FlushAsync();

        await AssertStoredAsync(stream, Enumerable.Range(0, 50));
    }

    [Fact]
    public async Task Replayed_twice_is_stored_once()
    {
        StreamInput stream = Recorded("S", Bars.AtMinutes(Enumerable.Range(0, 50), minute => Math.Sqrt(minute)));
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)]);

        Assert.Equal(50, await pipeline.ReplayAsync().CountAsync());
        await pipeline.ReplayAsync(_ => { });

        await AssertStoredAsync(stream, Enumerable.Range(0, 50));
    }

    [Fact]
    public async Task Live_bars_are_recorded_as_they_came()
    {
        StreamInput stream = Recorded("S", null);
        StreamInput numbers = Recorded("NUMBERS", null);
        var pipeline = new Pipeline([stream, numbers]);

        pipeline.Feed(stream, Bars.AtMinutes([1, 2, 3], minute => Math.Sqrt(minute)), _ => { });
        pipeline.Feed(stream, 4 * 60 + 59, Payload.FromBar(Bars.AtMinutes([4], minute => Math.Sqrt(minute)).GetRow(0)));
        pipeline.Feed(numbers, 60, 0.1);
        await pipeline.FlushAsync();

        await AssertStoredAsync(stream, [1, 2, 3, 4]);
        BarFrame stored = await ReadAsync(numbers);
        Assert.Equal((60L, 0.1), (stored.Timestamps[0], stored.GetRow(0)["value"]));
    }

    private async Task AssertStoredAsync(StreamInput stream, IEnumerable<int> minutes)
    {
        BarFrame stored = await ReadAsync(stream);
        Assert.Equal(minutes, Bars.MinutesOf(stored));
        Assert.All(stored.Rows, row => Assert.Equal(Math.Sqrt(row.Timestamp / 60), row["close"]));
    }

    private async Task<BarFrame> ReadAsync(StreamInput stream)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File("recorded.db"));
        return await store.ReadAsync(stream.Key, new TimeRange(0, 1_000_000)).SingleOrDefaultAsync() ?? BarFrame.Empty(stream.Interval);
    }

    private StreamInput Recorded(string id, BarFrame? bars)
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = 10_000, EventService = _service });
        if (bars is not null)
        {
            stream.Cache.BackfillBulk(stream.Key, bars);
        }

        return stream;
    }
}
