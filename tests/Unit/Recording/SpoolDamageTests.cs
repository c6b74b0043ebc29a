using Qmtl.Recording;
using Qmtl.Recording.Spooling;

namespace Qmtl.Unit.Recording;

/// <summary>Files of the spool that cannot be read, or only in part.</summary>
public sealed class SpoolDamageTests : RecordingTest
{
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
        BreakDefinition(bytes);
        File.WriteAllBytes(file, bytes);

        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, Candles(10));
        await service.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((10, 0), (recorder.Bars, service.GetReport().Adopted));
        string kept = Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File;
        Assert.Equal(file + ".damaged", kept);
        Assert.Equal(bytes.AsSpan(SpoolSegment.HeaderBytes), File.ReadAllBytes(kept).AsSpan(SpoolSegment.HeaderBytes));
    }

    [Fact]
    public async Task A_file_of_which_nothing_can_be_understood_is_told_once_and_kept_also_where_nothing_is_recorded()
    {
        string file = await LeaveRowsAsync(100);
        byte[] bytes = File.ReadAllBytes(file);
        BreakDefinition(bytes);
        File.WriteAllBytes(file, bytes);

        Assert.Equal(0, await AdoptAsync());
        string kept = Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File;
        Assert.Equal(file + ".damaged", kept);
        Assert.Equal(bytes, File.ReadAllBytes(kept));
        Assert.Equal(0, await AdoptAsync());
        Assert.Single(Events.OfType<RecorderSpoolDamaged>());
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

    [Theory]
    [InlineData("an unknown shape", 0, 99)]
    [InlineData("more rows than it has", 4, 50)]
    [InlineData("fewer rows than it has", 4, 0)]
    [InlineData("no bar's time", 8, 61)]
    public async Task A_record_that_cannot_be_understood_is_passed_over_and_the_file_is_kept(string what, int at, int value)
    {
        string file = await LeaveRowsAsync(100);
        byte[] bytes = ChangeRecord(file, row: 40, at, value);

        var recorder = new ScriptedRecorder();
        await using (EventRecorderService service = Open(recorder))
        {
            service.Record(Stream, Candles(10, first: 100));
            await service.FlushAsync().WaitAsync(TimeSpan.FromMinutes(1));
            RecorderReport report = service.GetReport();
            Assert.True((report.Recorded, report.Adopted, report.Delivered, report.Queued, report.Dropped) == (10, 99, 109, 0, 0), $"Of a record with {what}: {report}");
        }

        Assert.Equal(
            Enumerable.Range(0, 110).Where(row => row != 40),
            recorder.Taken.SelectMany(taken => taken.Frame.Timestamps.ToArray()).Order().Select(bar => (int)(bar / 60)));
        string kept = Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File;
        Assert.Equal(file + ".damaged", kept);
        Assert.Equal(bytes.AsSpan(SpoolSegment.HeaderBytes), File.ReadAllBytes(kept).AsSpan(SpoolSegment.HeaderBytes));
        Assert.Equal(0, await AdoptAsync());
    }

    [Fact]
    public async Task A_file_with_such_a_record_is_found_again_where_the_process_ended_before_it_was_through()
    {
        string file = await LeaveRowsAsync(100);
        ChangeRecord(file, row: 10, at: 0, value: 99);

        var recorder = new ScriptedRecorder { RowsPerWrite = 50 };
        recorder.BeforePersist = (_, _, _) => recorder.Taken.Count > 0 ? throw Away : Task.CompletedTask;
        EventRecorderService first = Open(recorder);
        await UntilToldAsync<RecorderAway>();
        await first.DisposeAsync();
        Assert.True(File.Exists(file), "The file is not delivered yet.");
        Assert.InRange(first.GetReport().Delivered, 1, 98);
        Events.Clear();

        var next = new ScriptedRecorder();
        await using EventRecorderService second = Open(next);
        await second.FlushAsync();
        Assert.Equal(file + ".damaged", Assert.Single(Events.OfType<RecorderSpoolDamaged>()).File);
        Assert.Equal(
            Enumerable.Range(0, 100).Where(row => row != 10).Select(row => row * 60L),
            recorder.Taken.Concat(next.Taken).SelectMany(taken => taken.Frame.Timestamps.ToArray()).Distinct().Order());
    }

    [Fact]
    public async Task A_file_that_the_disk_does_not_give_back_any_more_is_passed_over_as_a_whole()
    {
        using SpoolSegment gone = SpoolSegment.TryAdopt(await LeaveRowsAsync(30))!;
        gone.Dispose();
        var batch = new RowBatch(1000);
        batch.Read(gone, gone.End, gone.Rows);

        Assert.Equal((30, 30), (batch.Rows, batch.LostRows));
        Assert.Empty(batch.ToFrames());
        Assert.Equal((gone, gone.End, 30L), Assert.Single(batch.Places));
        Assert.Same(gone, Assert.Single(batch.Damages).SpoolSegment);
        Assert.True(gone.IsDamaged);
    }

    // Changes a number in the record of a row, and makes the record sound otherwise.
    private static byte[] ChangeRecord(string file, int row, int at, int value)
    {
        byte[] bytes = File.ReadAllBytes(file);
        Span<byte> record = bytes.AsSpan(SpoolSegment.HeaderBytes);
        for (int before = 0; before <= row; before++)
        {
            record = record[(RecordBuffer.HeaderBytes + BitConverter.ToInt32(record))..];
        }

        Span<byte> body = record.Slice(RecordBuffer.HeaderBytes, BitConverter.ToInt32(record));
        BitConverter.TryWriteBytes(body[at..], value);
        BitConverter.TryWriteBytes(record[sizeof(int)..], RecordBuffer.Checksum(body));
        File.WriteAllBytes(file, bytes);
        return bytes;
    }

    // The first record defines the rows; no interval has this number, and the record is sound otherwise.
    private static void BreakDefinition(byte[] bytes)
    {
        Span<byte> record = bytes.AsSpan(SpoolSegment.HeaderBytes);
        Span<byte> body = record.Slice(RecordBuffer.HeaderBytes, BitConverter.ToInt32(record));
        BitConverter.TryWriteBytes(body[8..], -60_000L);
        BitConverter.TryWriteBytes(record[sizeof(int)..], RecordBuffer.Checksum(body));
    }
}
