using Qmtl.Data;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

/// <summary>Rows that were set aside, and what becomes of them when they are retried.</summary>
public sealed class RefusedRowsTests : RecordingTest
{
    private EventRecorderOptions Retrying => Options with { RetryRefused = true };

    [Fact]
    public async Task Rows_that_were_refused_are_delivered_as_they_were_when_they_are_retried()
    {
        BarFrame everything = new(Minute, new long[] { 60, 120 },
        [
            new BarColumn<double>("close", new[] { 1.0, 0 }, new[] { false, true }),
            Columns.Doubles("odd", double.NaN, double.NegativeInfinity),
            new BarColumn<long>("id", new[] { long.MaxValue, 0 }, new[] { false, true }),
            new BarColumn<bool>("open_now", new[] { true, false }, new[] { false, true }),
            Columns.Texts("note", "a\"\n\ud83d\ude00", null),
        ]);
        StreamKey other = new("OTHER", Minute);
        string file = await RefuseAsync(service =>
        {
            service.Record(Stream, everything);
            service.Record(other, 60, 1.5);
            service.Record(other, 120, Payload.From("text"));
        });

        var recorder = new ScriptedRecorder();
        await using EventRecorderService retrying = Open(recorder, Retrying);
        await retrying.FlushAsync();

        BarFrame taken = recorder.Taken.Single(taken => taken.Stream == Stream).Frame;
        Assert.Equal(everything.Timestamps, taken.Timestamps);
        foreach (BarColumn column in everything.Columns)
        {
            BarColumn back = taken.FindColumn(column.Name)!;
            Assert.Equal((column.Type, column.GetValue(0), column.GetValue(1)), (back.Type, back.GetValue(0), back.GetValue(1)));
        }

        Assert.Equal((1.5, "text"), (recorder.Row(other, 60)!["value"], recorder.Row(other, 120)!["value"]));
        Assert.Equal((4, 4, 0), (retrying.GetReport().Adopted, retrying.GetReport().Delivered, retrying.GetReport().Refused));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task They_stay_where_nobody_asks_for_them()
    {
        string file = await RefuseAsync(service => service.Record(Stream, Candles(10)));
        Assert.Equal(0, await AdoptAsync());
        Assert.Equal(11, File.ReadLines(file).Count());
    }

    [Fact]
    public async Task They_come_before_what_was_recorded_later()
    {
        await RefuseAsync(service => service.Record(Stream, 60, 1.0));
        EventRecorderService away = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        away.Record(Stream, 60, 2.0);
        await away.DisposeAsync();

        var recorder = new ScriptedRecorder();
        await using EventRecorderService retrying = Open(recorder, Retrying);
        await retrying.FlushAsync();
        Assert.Equal((2, 2.0), (retrying.GetReport().Delivered, recorder.Row(Stream, 60)!["value"]));
    }

    [Fact]
    public async Task Ten_thousand_of_them_are_delivered_and_leave_no_file()
    {
        await RefuseAsync(service => service.Record(Stream, Candles(10_000)));
        var recorder = new ScriptedRecorder();
        await using EventRecorderService retrying = Open(recorder, Retrying);
        await retrying.FlushAsync();
        Assert.Equal(10_000, recorder.Bars);
        Assert.Equal(["destination.txt"], Directory.GetFiles(retrying.GetReport().SpoolFolder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Those_that_are_refused_again_are_set_aside_again()
    {
        string file = await RefuseAsync(service => service.Record(Stream, Candles(10)));
        string[] lines = File.ReadAllLines(file);
        string again = await RefuseAsync(_ => { }, Retrying);
        Assert.NotEqual(file, again);
        Assert.False(File.Exists(file));
        Assert.Equal(lines[1..], File.ReadAllLines(again)[1..]);
    }

    [Fact]
    public async Task What_people_corrected_counts()
    {
        string file = await RefuseAsync(service => service.Record(Stream, Candles(3)));
        string[] lines = File.ReadAllLines(file);
        Assert.Equal("""{"node_id":"SIGNAL","interval":60,"ts":60,"close":1,"trades":60}""", lines[2]);
        File.WriteAllLines(file, [lines[0], lines[1], lines[2].Replace("\"close\":1", "\"close\":7.5", StringComparison.Ordinal), ""]);

        var recorder = new ScriptedRecorder();
        await using EventRecorderService retrying = Open(recorder, Retrying);
        await retrying.FlushAsync();
        Assert.Equal((2, 7.5), (recorder.Bars, recorder.Row(Stream, 60)!["close"]));
    }

    [Theory]
    [InlineData("not JSON at all", "Line 3: ")]
    [InlineData("""{"node_id":"SIGNAL","interval":60,"ts":60,"close":"high"}""", "Line 3: ")]
    [InlineData("""{"node_id":"SIGNAL","interval":60,"ts":60,"open":1}""", "Line 3: there is no column 'open' in the line that names them.")]
    [InlineData("""{"interval":60,"ts":60}""", "Line 3: ")]
    [InlineData("""{"node_id":"SIGNAL","interval":60,"ts":0}""", "Line 4: ")]
    public async Task A_line_that_cannot_be_understood_is_named_and_its_file_left_as_it_is(string line, string message)
    {
        string file = await RefuseAsync(service => service.Record(Stream, Candles(3)));
        string good = await RefuseAsync(service => service.Record(Stream, Candles(5, first: 10)));
        string[] lines = File.ReadAllLines(file);
        lines[2] = line;
        File.WriteAllLines(file, lines);

        var recorder = new ScriptedRecorder();
        await using EventRecorderService retrying = Open(recorder, Retrying);
        retrying.Record(Stream, Candles(1, first: 20));
        await retrying.FlushAsync();
        RecorderRetryFailed told = Assert.Single(Events.OfType<RecorderRetryFailed>());
        Assert.Equal(file, told.File);
        Assert.StartsWith(message, told.Error.Message, StringComparison.Ordinal);
        Assert.Equal(told.Error.Message, retrying.GetReport().LastError);
        Assert.Equal(lines, File.ReadAllLines(file));
        Assert.False(File.Exists(good));
        Assert.Equal(6, recorder.Bars);
    }

    [Fact]
    public async Task A_file_that_is_being_written_is_left_alone()
    {
        string file = await RefuseAsync(service => service.Record(Stream, Candles(3)));
        using (new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read))
        {
            await using EventRecorderService retrying = Open(new ScriptedRecorder(), Retrying);
            await retrying.FlushAsync();
            Assert.Equal(0, retrying.GetReport().Adopted);
            Assert.IsAssignableFrom<IOException>(Assert.Single(Events.OfType<RecorderRetryFailed>()).Error);
        }

        Assert.Equal(4, File.ReadLines(file).Count());
    }

    private async Task<string> RefuseAsync(Action<EventRecorderService> record, EventRecorderOptions? options = null)
    {
        Events.Clear();
        await using EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw new StoreException("No permission.") }, options);
        record(service);
        await service.FlushAsync();
        string file = Events.OfType<RecorderRowsRefused>().First().File;
        Events.Clear();
        return file;
    }
}
