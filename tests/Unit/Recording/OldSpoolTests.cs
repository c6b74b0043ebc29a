using Qmtl.Data;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

/// <summary>
/// A spool folder as the version of commit 3ad251e left it, whose process was killed: 20 rows delivered, and rows of every type, of
/// several shapes and streams behind them.
/// </summary>
public sealed class OldSpoolTests : IDisposable
{
    private static readonly StreamKey Signal = new("SIGNAL", BarInterval.FromSeconds(60));
    private static readonly StreamKey Other = new("Größe \ud83d\ude00", BarInterval.FromSeconds(3600));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task What_an_earlier_version_left_is_delivered_whole()
    {
        string from = Path.Combine(Repository.Root, "tests", "Unit", "Recording", "Data", "spool-of-3ad251e", "05024655c12e6591");
        string to = Directory.CreateDirectory(Path.Combine(_folder.FullPath, Path.GetFileName(from))).FullName;
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        var recorder = new ScriptedRecorder { DisplayName = "spool of 3ad251e" };
        await using var service = new EventRecorderService(recorder, new EventRecorderOptions { SpoolFolder = _folder.FullPath });
        await service.FlushAsync();

        RecorderReport report = service.GetReport();
        Assert.Equal((29, 29, 0, 0, null), (report.Adopted, report.Delivered, report.Queued, report.Dropped, report.LastError));
        Assert.Null(recorder.Row(Signal, 19 * 60));
        Assert.Equal(Enumerable.Range(20, 20).Select(row => (object?)(double)row), Enumerable.Range(20, 20).Select(row => recorder.Row(Signal, row * 60)!["value"]));
        Assert.Equal([1.5, long.MaxValue, true, "a\"\n\ud83d\ude00"], ValuesOf(6000));
        Assert.Equal([null, null, null, null], ValuesOf(6060));
        Assert.Equal([double.NegativeInfinity, -1L, false, ""], ValuesOf(6120));
        Assert.Equal([2.5, 7L, true, "plain"], ValuesOf(6180));
        Assert.Equal((2.0, "z"), (recorder.Row(Other, 3600)!["a"], recorder.Row(Other, 3600)!["b"]));
        Assert.Equal((3.0, "y"), (recorder.Row(Other, 7200)!["a"], recorder.Row(Other, 7200)!["b"]));
        Assert.Equal("text", recorder.Row(Other, 10800)!["value"]);
        Assert.Empty(Directory.GetFiles(to, "*.spool"));
        Assert.Single(Directory.GetFiles(to, "*.refused"));

        IEnumerable<object?> ValuesOf(long bar) => ((string[])["close", "id", "open_now", "note"]).Select(column => recorder.Row(Signal, bar)![column]);
    }

    public void Dispose() => _folder.Dispose();
}
