using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Unit.BadWeather;

namespace Qmtl.Unit.Recording;

/// <summary>A disk that is full, or cannot be written.</summary>
public sealed class SpoolDiskTests : RecordingTest
{
    [SmallDiskFact]
    public async Task Where_the_disk_is_full_whoever_records_waits_until_there_is_room_and_nothing_is_lost()
    {
        using var disk = new SmallDisk(kilobytes: 64);
        bool isAway = true;
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => isAway ? throw Away : Task.CompletedTask };
        await using EventRecorderService service = Open(recorder, Options with { SpoolFolder = disk.FullPath });
        Task recording = OnThreadOfItsOwn(() => service.Record(Stream, Candles(20_000)));
        RecorderSpoolUnavailable told = await UntilToldAsync<RecorderSpoolUnavailable>();
        Assert.IsAssignableFrom<IOException>(told.Error);
        Assert.Contains("so recording waits until it can", told.Text, StringComparison.Ordinal);
        Assert.False(recording.IsCompleted);
        RecorderReport full = service.GetReport();
        Assert.InRange(full.Queued, 1, 19_999);
        Assert.Equal((full.Recorded, full.Queued), (full.Queued, full.SpooledRows));
        disk.Grow(kilobytes: 4096);
        await recording;
        isAway = false;
        await WhileTimePassesAsync(service.FlushAsync());
        Assert.Equal(20_000, recorder.Bars);
        Assert.Equal((20_000, 0, 0), (service.GetReport().Delivered, service.GetReport().Queued, service.GetReport().Dropped));
    }

    [SmallDiskFact]
    public async Task Where_the_disk_is_full_rows_that_are_delivered_make_room()
    {
        using var disk = new SmallDisk(kilobytes: 64);
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder, Options with { SpoolFolder = disk.FullPath });
        Task recording = OnThreadOfItsOwn(() => service.Record(Stream, Candles(20_000)));
        await WhileTimePassesAsync(recording);
        await service.FlushAsync();
        Assert.Equal((20_000, 20_000), (recorder.Bars, service.GetReport().Delivered));
    }

    [Fact]
    public async Task Who_waits_for_a_disk_is_freed_by_cancellation_and_by_the_end_and_what_was_accepted_is_kept()
    {
        // A folder cannot be made where there is a file.
        File.WriteAllText(Options.SpoolFolder!, string.Empty);
        EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        using var cancel = new CancellationTokenSource();
        Task cancelled = OnThreadOfItsOwn(() => service.Record(Stream, 60, 1.0, cancel.Token));
        await UntilToldAsync<RecorderSpoolUnavailable>();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        // Whoever comes next is told, too.
        using var cancelNext = new CancellationTokenSource();
        Task next = service.RecordAsync(Stream, 60, 1.0, cancelNext.Token).AsTask();
        Assert.Equal(2, Events.OfType<RecorderSpoolUnavailable>().Count());
        await cancelNext.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);

        File.Delete(Options.SpoolFolder!);
        service.Record(Stream, 120, 1.0);
        Task blocked = OnThreadOfItsOwn(() => service.Record(Stream, Candles(1_000, first: 10)));
        await blocked;
        await service.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => service.Record(Stream, 180, 1.0));
        Assert.Equal((1001, 1001, 0), (service.GetReport().Recorded, service.GetReport().Queued, service.GetReport().Dropped));
        Assert.Equal(1001, await AdoptAsync());

        File.WriteAllText(Options.SpoolFolder + "-too", string.Empty);
        EventRecorderService ending = Open(new ScriptedRecorder(), Options with { SpoolFolder = Options.SpoolFolder + "-too" });
        Task waiting = ending.RecordAsync(Stream, 60, 1.0).AsTask();
        Assert.False(waiting.IsCompleted);
        await ending.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [SmallDiskFact]
    public async Task Rows_that_can_neither_be_delivered_nor_set_aside_stay_in_the_spool()
    {
        using var disk = new SmallDisk(kilobytes: 64);
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => throw new StoreException("No permission.") };
        await using EventRecorderService service = Open(recorder, Options with { SpoolFolder = disk.FullPath });
        service.Record(Stream, Candles(1000));
        Task flushed = service.FlushAsync();
        string told = (await UntilToldAsync<RecorderAway>()).Error.Message;
        Assert.StartsWith("No permission. The rows cannot be set aside: ", told, StringComparison.Ordinal);
        Assert.Equal((1000, 0), (service.GetReport().Queued, service.GetReport().Refused));
        disk.Grow(kilobytes: 4096);
        await WhileTimePassesAsync(flushed);
        Assert.Equal(1000, File.ReadLines(Assert.Single(Events.OfType<RecorderRowsRefused>()).File).Count());
    }
}
