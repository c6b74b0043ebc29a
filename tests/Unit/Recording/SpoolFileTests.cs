using Qmtl.Recording;
using Qmtl.Recording.Spooling;

namespace Qmtl.Unit.Recording;

/// <summary>The files of the spool: who owns them, and what becomes of those that a killed process left unfinished.</summary>
public sealed class SpoolFileTests : RecordingTest
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
        SpoolSegment.Magic[..markBytes].CopyTo(bytes);
        bytes[8] = SpoolSegment.HeaderBytes;
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
                    SpoolSegment.TryAdopt(path)?.Dispose();
                }
            }
        });
        for (int file = 0; file < 500; file++)
        {
            string path = Path.Combine(Folder, $"{file}.spool");
            try
            {
                using SpoolSegment segment = SpoolSegment.Create(path, 4096);
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
        bool isAway = false;
        var recorder = new ScriptedRecorder { RowsPerWrite = 50, BeforePersist = (_, _, _) => isAway ? throw Away : Task.CompletedTask };
        EventRecorderService service = Open(recorder);
        for (int row = 0; row < 200; row++)
        {
            if (row == 100)
            {
                // Only what is settled is certain: how rows fall into batches depends on how quickly they come.
                await service.FlushAsync();
                isAway = true;
            }

            service.Record(Stream, row * 60, row);
        }

        await service.DisposeAsync();
        Assert.Equal((100, 100), (service.GetReport().Delivered, service.GetReport().SpooledRows));
        Assert.Equal(100, await AdoptAsync());
    }
}
