using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Unit.BadWeather;

namespace Qmtl.Unit.Recording;

/// <summary>A disk that is full, or cannot be written.</summary>
public sealed class SpoolDiskTests : RecordingTest
{
    [SmallDiskFact]
    public async Task Where_the_disk_is_full_rows_stay_in_memory_until_they_are_delivered()
    {
        using var disk = new SmallDisk(kilobytes: 64);
        bool isAway = true;
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => isAway ? throw Away : Task.CompletedTask };
        await using EventRecorderService service = Open(recorder, Options with { SpoolFolder = disk.FullPath });
        for (int row = 0; row < 5000; row++)
        {
            service.Record(Stream, row * 60, row);
        }

        RecorderSpoolUnavailable told = Assert.Single(Events.OfType<RecorderSpoolUnavailable>());
        Assert.IsAssignableFrom<IOException>(told.Error);
        RecorderReport full = service.GetReport();
        Assert.InRange(full.SpooledRows, 1, 4999);
        Assert.Equal(5000, full.Queued);
        isAway = false;
        await WhileTimePassesAsync(service.FlushAsync());
        Assert.Equal(5000, recorder.Bars);
        Assert.Equal((5000, 0, 0), (service.GetReport().Delivered, service.GetReport().Queued, service.GetReport().Dropped));
    }

    [SmallDiskFact]
    public async Task Where_the_disk_and_the_memory_are_full_whoever_records_waits_until_there_is_room_on_either()
    {
        using var disk = new SmallDisk(kilobytes: 64);
        bool isAway = true;
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => isAway ? throw Away : Task.CompletedTask };
        EventRecorderOptions options = Options with { SpoolFolder = disk.FullPath, MemoryLimit = EventRecorderOptions.LeastLimit };
        await using EventRecorderService service = Open(recorder, options);
        Task recording = OnThreadOfItsOwn(() => service.Record(Stream, Candles(20_000)));
        await UntilToldAsync<RecorderSpoolFull>();
        Assert.False(recording.IsCompleted);
        disk.Grow(kilobytes: 4096);
        await recording;
        isAway = false;
        await WhileTimePassesAsync(service.FlushAsync());
        Assert.Equal(20_000, recorder.Bars);
    }

    [SmallDiskFact]
    public async Task Rows_in_memory_go_to_disk_at_the_end_where_there_is_room_again_and_are_counted_where_not()
    {
        using var disk = new SmallDisk(kilobytes: 64);
        EventRecorderOptions options = Options with { SpoolFolder = disk.FullPath };
        var away = new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away };
        EventRecorderService first = Open(away, options);
        first.Record(Stream, Candles(5000));
        await first.DisposeAsync();
        RecorderReport lost = first.GetReport();
        Assert.InRange(lost.Dropped, 1, 4999);
        Assert.Equal(5000, lost.Dropped + lost.SpooledRows);

        EventRecorderService second = Open(away, options);
        second.Record(Stream, Candles(5000));
        disk.Grow(kilobytes: 4096);
        await second.DisposeAsync();
        RecorderReport kept = second.GetReport();
        Assert.Equal((0, 5000 + lost.SpooledRows), (kept.Dropped, kept.SpooledRows));
        Assert.Equal(kept.SpooledRows, await AdoptAsync(options));
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
        Assert.Equal(1001, File.ReadLines(Assert.Single(Events.OfType<RecorderRowsRefused>()).File).Count());
    }

    [Fact]
    public async Task Rows_that_were_in_memory_do_not_replace_those_that_went_to_disk_after_them()
    {
        // A folder cannot be made where there is a file.
        File.WriteAllText(Options.SpoolFolder!, string.Empty);
        EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        RecordTwoThousand(1.0);
        Assert.NotEmpty(Events.OfType<RecorderSpoolUnavailable>());
        File.Delete(Options.SpoolFolder!);
        RecordTwoThousand(2.0);
        await service.DisposeAsync();
        Assert.Equal((0, 4000), (service.GetReport().Dropped, service.GetReport().SpooledRows));

        var recorder = new ScriptedRecorder();
        await using EventRecorderService next = Open(recorder);
        await next.FlushAsync();
        Assert.Equal(4000, next.GetReport().Delivered);
        Assert.All(Enumerable.Range(0, 2000), row => Assert.Equal(2.0, recorder.Row(Stream, row * 60)!["value"]));

        void RecordTwoThousand(double value)
        {
            for (int row = 0; row < 2000; row++)
            {
                service.Record(Stream, row * 60, value);
            }
        }
    }
}
