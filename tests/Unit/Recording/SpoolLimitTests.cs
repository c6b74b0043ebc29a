using Qmtl.Payloads;
using Qmtl.Recording;

namespace Qmtl.Unit.Recording;

/// <summary>What the spool may take on disk, and those who wait for room.</summary>
public sealed class SpoolLimitTests : RecordingTest
{
    [Fact]
    public async Task At_the_limit_whoever_records_waits_and_nothing_is_lost()
    {
        bool isAway = true;
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => isAway ? throw Away : Task.CompletedTask };
        await using EventRecorderService service = Open(recorder, Options with { SpoolLimit = EventRecorderOptions.LeastLimit });
        Task[] recording =
        [
            .. Enumerable.Range(0, 4).Select(thread => OnThreadOfItsOwn(() =>
            {
                for (int row = 0; row < 2000; row++)
                {
                    service.Record(Stream, ((thread * 2000) + row) * 60, row);
                }
            })),
        ];
        RecorderSpoolFull full = await UntilToldAsync<RecorderSpoolFull>();
        await UntilToldAsync<RecorderAway>();
        Assert.InRange(full.Bytes, 1, EventRecorderOptions.LeastLimit);
        Assert.InRange(service.GetReport().SpooledBytes, 1, EventRecorderOptions.LeastLimit);
        Assert.Contains(recording, task => !task.IsCompleted);
        using var cancel = new CancellationTokenSource();
        Task waiting = service.RecordAsync(Stream, Candles(5000, first: 8000), cancel.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        isAway = false;
        await WhileTimePassesAsync(Task.WhenAll(recording));
        await WhileTimePassesAsync(service.FlushAsync());
        RecorderReport report = service.GetReport();
        Assert.Equal(8000, recorder.Bars - (report.Recorded - 8000));
        Assert.Equal((report.Recorded, 0, 0), (report.Delivered, report.Queued, report.Dropped));
    }

    [Fact]
    public async Task A_file_that_was_delivered_while_it_was_written_goes_when_the_next_one_takes_its_place()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder, Options with { SpoolLimit = EventRecorderOptions.LeastLimit });
        for (int batch = 0; batch < 40; batch++)
        {
            service.Record(Stream, Candles(130, first: batch * 130));
            await service.FlushAsync();
            Assert.Single(Directory.GetFiles(service.GetReport().SpoolFolder, "*.spool"));
            Assert.Equal(0, service.GetReport().SpooledBytes);
        }

        Assert.Equal(40 * 130, recorder.Bars);
    }

    [Fact]
    public async Task Disposing_tells_those_who_wait_for_room()
    {
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away };
        EventRecorderService service = Open(recorder, Options with { SpoolLimit = EventRecorderOptions.LeastLimit });
        Task recording = OnThreadOfItsOwn(() => service.Record(Stream, Candles(100_000)));
        Task recordingToo = service.RecordAsync(Stream, Candles(100_000)).AsTask();
        await UntilToldAsync<RecorderSpoolFull>();
        await service.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => recording);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => recordingToo);
        RecorderReport report = service.GetReport();
        Assert.Equal((report.Recorded, 0), (report.SpooledRows, report.Dropped));
        Assert.Equal(report.Recorded, await AdoptAsync());
    }

    [Fact]
    public async Task A_row_may_be_larger_than_a_file_but_not_than_the_spool()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder, Options with { SpoolLimit = EventRecorderOptions.LeastLimit });
        string large = new('x', 25_000);
        service.Record(Stream, 60, Payload.From(large));
        ArgumentException error = Assert.Throws<ArgumentException>(() => service.Record(Stream, 120, Payload.From(large + large)));
        Assert.Contains("more than the whole spool may (65536)", error.Message, StringComparison.Ordinal);
        await service.FlushAsync();
        Assert.Equal(large, recorder.Row(Stream, 60)!["value"]);
        Assert.Equal(1, service.GetReport().Delivered);
    }
}
