using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Recording;

/// <summary>Recorders that cannot take rows now, or never will.</summary>
public sealed class RecorderAwayTests : RecordingTest
{
    [Fact]
    public async Task Rows_wait_for_a_store_that_is_away_and_are_delivered_when_it_is_back()
    {
        bool isAway = true;
        var store = new InMemoryHistoryStore { BeforeWrite = (_, _) => isAway ? throw Away : Task.CompletedTask };
        await using EventRecorderService service = Open(new StoreRecorder(store));
        service.Record(Stream, Candles(100));
        Task flushed = service.FlushAsync();
        Assert.Same(Away, (await UntilToldAsync<RecorderAway>()).Error);
        RecorderReport away = service.GetReport();
        Assert.Equal((true, "The store is away.", 100, 100, 0), (away.IsAway, away.LastError, away.Queued, away.SpooledRows, away.Delivered));

        // A minute of it: the delays grow to the longest and no further.
        for (int second = 0; second < 60; second++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        service.Record(Stream, Candles(100, first: 100));
        isAway = false;
        await WhileTimePassesAsync(flushed);
        await WhileTimePassesAsync(service.FlushAsync());

        Assert.Equal(Enumerable.Range(0, 200).Select(index => index * 60L), store.Stored(Stream));
        Assert.Single(Events.OfType<RecorderAway>());
        Assert.True(Assert.Single(Events.OfType<RecorderBack>()).Duration >= TimeSpan.FromMinutes(1));
        RecorderReport report = service.GetReport();
        Assert.Equal((false, 0, 200, 0), (report.IsAway, report.Queued, report.Delivered, report.Dropped));
    }

    [Fact]
    public async Task Nobody_waits_for_a_store_that_is_away()
    {
        await using EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        service.Record(Stream, Candles(10));
        Assert.False(await service.TryFlushAsync());
        RecorderReport report = service.GetReport();
        Assert.Equal((true, 10, 10), (report.IsAway, report.Queued, report.SpooledRows));
        Assert.False(await service.TryFlushAsync());
    }

    [Fact]
    public async Task Nobody_waits_for_a_store_that_takes_nothing_and_everybody_for_one_that_is_slow()
    {
        using var taking = new SemaphoreSlim(0);
        var recorder = new ScriptedRecorder { RowsPerWrite = 10, BeforePersist = (_, _, token) => taking.WaitAsync(token) };
        await using EventRecorderService service = Open(recorder, Options with { Patience = TimeSpan.FromSeconds(5) });
        for (int batch = 0; batch < 5; batch++)
        {
            service.Record(Stream, Candles(10, first: batch * 10));
        }

        // Each batch takes less than the patience, all of them more.
        Task<bool> slow = service.TryFlushAsync();
        for (int batch = 1; batch <= 5; batch++)
        {
            Assert.False(slow.IsCompleted);
            Clock.Advance(TimeSpan.FromSeconds(4));
            taking.Release();
            while (service.GetReport().Delivered < batch * 10)
            {
                await Task.Delay(1);
            }
        }

        Assert.True(await slow);
        service.Record(Stream, Candles(1, first: 50));
        Task<bool> stuck = service.TryFlushAsync();
        await WhileTimePassesAsync(stuck);
        Assert.False(await stuck);
        Assert.Equal((50, 1), (service.GetReport().Delivered, service.GetReport().Queued));
    }

    [Fact]
    public async Task A_store_that_is_full_is_away_and_not_refusing()
    {
        bool isFull = true;
        var store = new InMemoryHistoryStore { BeforeWrite = (_, _) => isFull ? throw new StoreException("The disk is full.") { ConcernsWholeStore = true } : Task.CompletedTask };
        await using EventRecorderService service = Open(new StoreRecorder(store));
        service.Record(Stream, Candles(10));
        Task flushed = service.FlushAsync();
        await UntilToldAsync<RecorderAway>();
        isFull = false;
        await WhileTimePassesAsync(flushed);
        Assert.Equal(10, store.BarsWritten);
        Assert.Equal(0, service.GetReport().Refused);
    }

    [Fact]
    public async Task Tries_are_never_further_apart_than_the_longest_delay()
    {
        var clock = new DelayRecordingClock();
        var recorder = new ScriptedRecorder();
        recorder.BeforePersist = (_, _, _) => recorder.Calls < 40 ? throw Away : Task.CompletedTask;
        EventRecorderOptions options = Options with { RetryDelay = TimeSpan.FromSeconds(1), MaxRetryDelay = TimeSpan.FromSeconds(10) };
        await using var service = new EventRecorderService(recorder, options, clock);
        service.Record(Stream, 0, 1.0);
        Task flushed = service.FlushAsync();
        while (!flushed.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(flushed, Task.Delay(1));
        }

        await flushed;
        Assert.Equal((40, 39), (recorder.Calls, clock.Delays.Count));
        Assert.All(clock.Delays, delay => Assert.InRange(delay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task What_is_left_at_the_end_is_delivered_first_by_the_next_service()
    {
        var away = new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away };
        EventRecorderService first = Open(away);
        first.Record(Stream, Candles(1000));
        first.Record(Stream, 0, 1.0);
        await first.DisposeAsync();
        RecorderReport left = Assert.Single(Events.OfType<RecorderClosed>()).Report;
        Assert.Equal((1001, 1001, 1001, 0, 0), (left.Recorded, left.Queued, left.SpooledRows, left.Delivered, left.Dropped));

        var recorder = new ScriptedRecorder();
        await using EventRecorderService second = Open(recorder);
        second.Record(Stream, 0, 2.0);
        await second.FlushAsync();
        Assert.Equal(1000, recorder.Bars);
        Assert.Equal(2.0, recorder.Row(Stream, 0)!["value"]);
        RecorderReport report = second.GetReport();
        Assert.Equal((1, 1001, 1002, 0), (report.Recorded, report.Adopted, report.Delivered, report.Queued));

        await using EventRecorderService third = Open(new ScriptedRecorder());
        await third.FlushAsync();
        Assert.Equal(0, third.GetReport().Adopted);
    }

    [Fact]
    public async Task Another_destinations_rows_are_left_alone()
    {
        EventRecorderService first = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        first.Record(Stream, Candles(10));
        await first.DisposeAsync();

        var other = new ScriptedRecorder { DisplayName = "another" };
        await using EventRecorderService second = Open(other);
        await second.FlushAsync();
        Assert.Equal(0, second.GetReport().Adopted);
        Assert.NotEqual(first.GetReport().SpoolFolder, second.GetReport().SpoolFolder);
    }

    [Fact]
    public async Task A_recorder_that_never_answers_does_not_keep_the_service_from_ending()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var recorder = new ScriptedRecorder
        {
            BeforePersist = (_, _, _) =>
            {
                asked.TrySetResult();
                return new TaskCompletionSource().Task;
            },
        };
        EventRecorderService service = Open(recorder, Options with { ShutdownTimeout = TimeSpan.FromSeconds(10) });
        service.Record(Stream, Candles(10));
        Task flushed = service.FlushAsync();
        await asked.Task;
        await WhileTimePassesAsync(service.DisposeAsync().AsTask());
        Assert.Equal(10, service.GetReport().SpooledRows);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flushed);
    }

    [Fact]
    public async Task Rows_that_are_refused_for_good_are_set_aside_and_hold_up_no_others()
    {
        StreamKey bad = new("BAD", Minute);
        var recorder = new ScriptedRecorder
        {
            BeforePersist = (stream, _, _) => stream == bad ? throw new StoreException("Column 'a' is of another type.") : Task.CompletedTask,
        };
        await using EventRecorderService service = Open(recorder);
        service.Record(bad, 60, Payloads.Payload.From(new { a = 9007199254740993, b = "x\"y", c = double.NaN, d = (string?)null, e = true }));
        service.Record(bad, 120, 1.5);
        service.Record(Stream, Candles(100));
        await service.FlushAsync();

        Assert.Equal(100, recorder.Bars);
        RecorderReport report = service.GetReport();
        Assert.Equal((100, 2, 0, 0, false), (report.Delivered, report.Refused, report.Queued, report.Dropped, report.IsAway));
        Assert.Equal("Column 'a' is of another type.", report.LastError);
        RecorderRowsRefused refused = Events.OfType<RecorderRowsRefused>().First();
        Assert.Equal(("Column 'a' is of another type.", report.SpoolFolder), (refused.Error.Message, Path.GetDirectoryName(refused.File)));
        Assert.EndsWith(".refused", refused.File, StringComparison.Ordinal);

        JsonElement[] lines = [.. File.ReadLines(refused.File).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            [
                """{"node_id":"BAD","interval":"1m","ts":60,"payload":{"a":9007199254740993,"b":"x\u0022y","c":null,"d":null,"e":true}}""",
                """{"node_id":"BAD","interval":"1m","ts":120,"payload":{"value":1.5}}""",
            ],
            lines.Select(line => line.GetRawText()));
        Assert.All(File.ReadLines(refused.File + ".txt"), why =>
            Assert.EndsWith(" scripted refuses 1 rows of BAD 1m: Column 'a' is of another type.", why, StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_bad_row_does_not_take_thousands_of_good_ones_with_it()
    {
        var recorder = new ScriptedRecorder
        {
            RowsPerWrite = 50_000,
            BeforePersist = (_, frame, _) => frame.Timestamps.Contains(12_345 * 60) ? throw new InvalidOperationException("A bad row.") : Task.CompletedTask,
        };
        await using EventRecorderService service = Open(recorder, Options with { SegmentBytes = 4 * 1024 * 1024 });
        service.Record(Stream, Candles(20_000));
        await service.FlushAsync();

        Assert.Equal(19_999, recorder.Bars);
        Assert.Equal((19_999, 1), (service.GetReport().Delivered, service.GetReport().Refused));
        Assert.Equal(1, Assert.Single(Events.OfType<RecorderRowsRefused>()).Rows);
    }

    [Fact]
    public async Task A_recorder_that_refuses_everything_is_not_asked_for_every_row()
    {
        var recorder = new ScriptedRecorder { RowsPerWrite = 50_000, BeforePersist = (_, _, _) => throw new StoreException("No permission.") };
        await using EventRecorderService service = Open(recorder, Options with { SegmentBytes = 4 * 1024 * 1024 });
        service.Record(Stream, Candles(20_000));
        await service.FlushAsync();

        Assert.InRange(recorder.Calls, 1, 200);
        RecorderRowsRefused refused = Assert.Single(Events.OfType<RecorderRowsRefused>());
        Assert.Equal(20_000, refused.Rows);
        Assert.Equal(Enumerable.Range(0, 20_000), File.ReadLines(refused.File).Select(line => (int)(JsonDocument.Parse(line).RootElement.GetProperty("ts").GetInt64() / 60)));
    }

    // What was asked for: how far apart tries come by a clock that is moved on meanwhile depends on when threads have their turn.
    private sealed class DelayRecordingClock : FakeTimeProvider
    {
        public ConcurrentQueue<TimeSpan> Delays { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Delays.Enqueue(dueTime);
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
