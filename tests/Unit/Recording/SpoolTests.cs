using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Recording.Spooling;
using Qmtl.Unit.BadWeather;

namespace Qmtl.Unit.Recording;

/// <summary>The files of the spool: their limits, and what becomes of them when they are torn, damaged, or cannot be made.</summary>
public sealed class SpoolTests : RecordingTest
{
    [Fact]
    public async Task A_torn_record_at_the_end_is_no_record()
    {
        string file = await LeaveRowsAsync(100);
        using (var stream = new FileStream(file, FileMode.Append))
        {
            // The process was killed while it copied the record: everything but the length, which comes last, may be there.
            stream.Write(new byte[4]);
            stream.Write(Enumerable.Repeat((byte)0xAB, 60).ToArray());
        }

        Assert.Equal(100, await AdoptAsync());
        Assert.Empty(Events.OfType<RecorderSpoolDamaged>());
        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData(0, 2, true)]
    [InlineData(0, 0, false)]
    [InlineData(4096, 0, true)]
    public async Task A_file_that_was_never_finished_is_removed_unless_it_may_have_been_made_this_instant(int bytes, int hoursOld, bool isRemoved)
    {
        string file = await LeaveRowsAsync(1);
        await AdoptAsync();
        File.WriteAllBytes(file, new byte[bytes]);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-hoursOld));
        Assert.Equal(0, await AdoptAsync());
        Assert.Equal(!isRemoved, File.Exists(file));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task A_file_whose_owner_was_killed_while_it_wrote_the_header_is_removed(int markBytes)
    {
        string file = await LeaveRowsAsync(1);
        await AdoptAsync();
        byte[] bytes = new byte[4096];
        Segment.Magic[..markBytes].CopyTo(bytes);
        bytes[8] = Segment.HeaderBytes;
        File.WriteAllBytes(file, bytes);
        Assert.Equal(0, await AdoptAsync());
        Assert.False(File.Exists(file));
        Assert.Empty(Events.OfType<RecorderSpoolDamaged>());
    }

    // The two have to meet within microseconds, so there are many of both.
    [Fact]
    public async Task Whoever_looks_for_files_takes_none_from_those_that_are_being_made()
    {
        bool isOver = false;
        Task looking = OnThreadOfItsOwn(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                foreach (string path in Directory.GetFiles(Folder))
                {
                    AdoptedSegment.TryOpen(path)?.Dispose();
                }
            }
        });
        for (int file = 0; file < 500; file++)
        {
            string path = Path.Combine(Folder, $"{file}.spool");
            try
            {
                using MappedSegment segment = MappedSegment.Create(path, 4096);
                Assert.True(File.Exists(path), "The file was taken away.");
                segment.Delete();
            }
            catch (IOException)
            {
                // It was looked at just then; a service takes the next name.
                File.Delete(path);
            }
        }

        Volatile.Write(ref isOver, true);
        await looking;
    }

    [Fact]
    public async Task Services_of_one_process_leave_each_others_files_alone()
    {
        await using EventRecorderService first = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        first.Record(Stream, Candles(100));
        Assert.Equal(0, await AdoptAsync());
        Assert.Equal(100, first.GetReport().SpooledRows);
        await first.DisposeAsync();
        Assert.Equal(100, await AdoptAsync());
    }

    [Fact]
    public async Task A_damaged_record_ends_what_can_be_read_and_the_file_is_kept()
    {
        string file = await LeaveRowsAsync(100);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);

        Assert.Equal(99, await AdoptAsync());
        string kept = Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File;
        Assert.Equal(file + ".damaged", kept);
        Assert.Equal(bytes.Length, new FileInfo(kept).Length);
        Assert.Equal(0, await AdoptAsync());
    }

    [Fact]
    public async Task A_record_that_cannot_be_understood_is_told_and_keeps_nothing_else_from_being_delivered()
    {
        string file = await LeaveRowsAsync(100);
        byte[] bytes = File.ReadAllBytes(file);

        // The first record defines the rows; no interval is negative, and the record is sound otherwise.
        Span<byte> record = bytes.AsSpan(Segment.HeaderBytes);
        Span<byte> body = record.Slice(RecordBuffer.HeaderBytes, BitConverter.ToInt32(record));
        BitConverter.TryWriteBytes(body[8..], -60L);
        BitConverter.TryWriteBytes(record[sizeof(int)..], RecordBuffer.Checksum(body));
        File.WriteAllBytes(file, bytes);

        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, Candles(10));
        await service.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((10, 0), (recorder.Bars, service.GetReport().Adopted));
        string kept = Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File;
        Assert.Equal(file + ".damaged", kept);
        Assert.Equal(bytes, File.ReadAllBytes(kept));
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_at_all_is_told_and_left_in_place()
    {
        string file = await LeaveRowsAsync(100);
        string larger = file.Replace("-00000000.", "-00000001.", StringComparison.Ordinal);
        using (FileStream stream = File.Create(larger))
        {
            // Takes no room: nothing of it is written.
            stream.SetLength(int.MaxValue + 1L);
        }

        Assert.Equal(100, await AdoptAsync());
        Assert.Equal(larger, Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File);
        Assert.True(File.Exists(larger));
    }

    [Fact]
    public async Task Rows_are_delivered_whatever_goes_wrong_while_those_of_others_are_taken_over()
    {
        string file = await LeaveRowsAsync(100);
        using (var stream = new FileStream(file, FileMode.Append))
        {
            stream.Write(Enumerable.Repeat((byte)0xAB, 16).ToArray());
        }

        var recorder = new ScriptedRecorder();
        int told = 0;
        await using var service = new EventRecorderService(
            recorder, Options, Clock, happened => _ = happened is RecorderSpoolDamaged && told++ == 0 ? throw new InvalidOperationException("Not now.") : 0);
        service.Record(Stream, Candles(10, first: 100));
        await service.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((110, 2), (recorder.Bars, told));
        Assert.Equal("Not now.", service.GetReport().LastError);
    }

    [Fact]
    public async Task A_file_of_another_format_is_left_alone()
    {
        string file = await LeaveRowsAsync(10);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[7] = (byte)'9';
        File.WriteAllBytes(file, bytes);
        Assert.Equal(0, await AdoptAsync());
        Assert.Equal(bytes, File.ReadAllBytes(file));
    }

    [Fact]
    public async Task Rows_of_which_a_part_was_delivered_go_on_from_there()
    {
        var recorder = new ScriptedRecorder { RowsPerWrite = 50 };
        recorder.BeforePersist = (_, _, _) => recorder.Calls > 2 ? throw Away : Task.CompletedTask;
        EventRecorderService service = Open(recorder);
        for (int row = 0; row < 200; row++)
        {
            service.Record(Stream, row * 60, row);
        }

        await UntilToldAsync<RecorderAway>();
        await service.DisposeAsync();
        Assert.Equal((100, 100), (service.GetReport().Delivered, service.GetReport().SpooledRows));
        Assert.Equal(100, await AdoptAsync());
    }

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
            Assert.InRange(service.GetReport().SpooledBytes, 1, EventRecorderOptions.LeastLimit / 4);
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

    private static Task OnThreadOfItsOwn(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task<string> LeaveRowsAsync(int rows)
    {
        EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        for (int row = 0; row < rows; row++)
        {
            service.Record(Stream, row * 60, row);
        }

        await service.DisposeAsync();
        return Assert.Single(Directory.GetFiles(service.GetReport().SpoolFolder, "*.spool"));
    }

    private async Task<long> AdoptAsync(EventRecorderOptions? options = null)
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder, options);
        await service.FlushAsync();
        Assert.Equal(service.GetReport().Adopted, service.GetReport().Delivered);
        return service.GetReport().Adopted;
    }
}
