using System.Collections.Concurrent;
using Qmtl.Recording.Spooling;

namespace Qmtl.Unit.Recording;

/// <summary>The names of segments, which two threads ask for: the one that records, and the one that delivers.</summary>
public sealed class SegmentNameTests : RecordingTest
{
    private SpoolFolder NewFolder() => new(Options.SpoolFolder, new ScriptedRecorder().Identity, Clock.GetUtcNow());

    [Fact]
    public async Task No_two_threads_are_given_the_same()
    {
        const int each = 250_000;
        SpoolFolder folder = NewFolder();
        var names = new ConcurrentBag<string>();
        using var start = new Barrier(2);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => OnThreadOfItsOwn(() =>
        {
            start.SignalAndWait();
            for (int i = 0; i < each; i++)
            {
                names.Add(folder.NextSegment());
            }
        })));
        Assert.Equal(2 * each, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_file_that_already_has_the_name_is_left_alone()
    {
        SpoolFolder folder = NewFolder();
        folder.Create();
        string taken = folder.NextSegment().Replace("-00000000", "-00000001", StringComparison.Ordinal);
        File.WriteAllText(taken, "rows");

        var spool = new Spool(folder, Options.SpoolLimit, Options.SegmentBytes) { OnFull = (_, _) => { } };
        var row = new RecordedRows(Stream, 60, 1.0);
        Assert.True(spool.TryAppend(ref row, out _));
        spool.Release();

        Assert.Equal(2, Directory.GetFiles(folder.FullPath, "*.spool").Length);
        Assert.Equal("rows", File.ReadAllText(taken));
    }
}
