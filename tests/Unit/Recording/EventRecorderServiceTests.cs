using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

public sealed class EventRecorderServiceTests : RecordingTest
{
    [Fact]
    public async Task A_row_is_delivered_when_the_flush_interval_has_passed_and_not_before()
    {
        var delivered = new List<DateTimeOffset>();
        var recorder = new ScriptedRecorder
        {
            BeforePersist = (_, _, _) =>
            {
                delivered.Add(Clock.GetUtcNow());
                return Task.CompletedTask;
            },
        };
        DateTimeOffset started = Clock.GetUtcNow();
        await using EventRecorderService service = Open(recorder, Options with { FlushInterval = TimeSpan.FromSeconds(10) });
        service.Record(Stream, 60, 1.0);
        Clock.Advance(TimeSpan.FromSeconds(9));
        service.Record(Stream, 120, 2.0);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await UntilToldAsync<RecorderFlushed>();

        Assert.Equal(started + TimeSpan.FromSeconds(10), Assert.Single(delivered));
        Assert.Equal([60, 120], Assert.Single(recorder.Taken).Frame.Timestamps.ToArray());
    }

    [Fact]
    public async Task As_many_rows_as_a_batch_holds_are_delivered_at_once()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder, Options with { BatchRows = 10 });
        for (int row = 0; row < 10; row++)
        {
            service.Record(Stream, row * 60, row);
        }

        Assert.Equal(10, (await UntilToldAsync<RecorderFlushed>()).Rows);
        Assert.Equal(10, recorder.Bars);
    }

    [Fact]
    public async Task A_flush_delivers_all_that_was_recorded_before()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, Candles(2500));
        await service.FlushAsync();

        Assert.Equal(2500, recorder.Bars);
        RecorderReport report = service.GetReport();
        Assert.Equal((2500, 0, 2500, 0, 0), (report.Recorded, report.Queued, report.Delivered, report.Refused, report.Dropped));
        Assert.Null(report.LastError);
        await service.FlushAsync();
    }

    [Fact]
    public async Task A_bar_recorded_twice_is_given_once_with_its_last_value()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, 120, 1.0);
        service.Record(Stream, 60, 2.0);
        service.Record(Stream, 120, 3.0);
        service.Record(Stream, 179, 4.0);
        await service.FlushAsync();

        BarFrame frame = Assert.Single(recorder.Taken).Frame;
        Assert.Equal([60, 120], frame.Timestamps.ToArray());
        Assert.Equal([2.0, 4.0], frame.Rows.Select(row => row["value"]));
        Assert.Equal(4, service.GetReport().Delivered);
    }

    [Fact]
    public async Task A_row_sets_the_columns_that_it_has_and_leaves_the_others_alone()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, 60, Object(("a", 1L), ("b", 1L)));
        service.Record(Stream, 120, Object(("b", 5L)));
        service.Record(Stream, 60, Object(("b", 2L)));
        service.Record(Stream, 60, Object(("a", 3L), ("b", 3L)));
        service.Record(Stream, 60, Object(("b", 4L)));
        service.Record(Stream, 120, Object(("a", 6L), ("b", null)));
        await service.FlushAsync();

        Assert.Equal(new Dictionary<string, object?> { ["a"] = 3.0, ["b"] = 4.0 }, recorder.Row(Stream, 60)!);
        Assert.Equal(6.0, recorder.Row(Stream, 120)!["a"]);
        Assert.Null(recorder.Row(Stream, 120)!["b"]);
    }

    [Fact]
    public async Task Rows_with_alternating_columns_are_given_in_few_frames()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        for (int bar = 0; bar < 500; bar++)
        {
            service.Record(Stream, bar * 60, Object(("a", 1L)));
            service.Record(Stream, bar * 60, Object(("a", 2L), ("b", (long)bar)));
        }

        await service.FlushAsync();
        Assert.Equal(2, recorder.Taken.Count);
        Assert.Equal(new Dictionary<string, object?> { ["a"] = 2.0, ["b"] = 499.0 }, recorder.Row(Stream, 499 * 60)!);
    }

    [Fact]
    public async Task Every_type_and_every_null_comes_back_as_it_was()
    {
        var frame = new BarFrame(Minute, new long[] { 60, 120, 180 },
        [
            new BarColumn<double>("close", new[] { 1.5, 0, double.MinValue }, new[] { false, true, false }),
            new BarColumn<long>("id", new[] { long.MaxValue, long.MinValue, 0 }, new[] { false, false, true }),
            new BarColumn<bool>("open_now", new[] { true, false, true }, new[] { false, false, true }),
            Columns.Texts("note", "a\ud83d\ude00\0", null, string.Empty),
            Columns.Flags("plain", true, false, true),
        ]);
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, frame);
        service.Record(Stream, 240, Payload.FromBar(frame.GetRow(1)));
        await service.FlushAsync();

        BarFrame taken = Assert.Single(recorder.Taken).Frame;
        Assert.Equal([60, 120, 180, 240], taken.Timestamps.ToArray());
        foreach (BarColumn column in frame.Columns)
        {
            BarColumn other = taken.FindColumn(column.Name)!;
            Assert.Equal(column.Type, other.Type);
            Assert.Equal(
                [column.GetValue(0), column.GetValue(1), column.GetValue(2), column.GetValue(1)],
                Enumerable.Range(0, 4).Select(other.GetValue));
        }
    }

    [Fact]
    public async Task Payloads_become_columns()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, 0, Payload.None);
        service.Record(Stream, 60, 1);
        service.Record(Stream, 120, Payload.From(new { Signal = 1, Order = 9007199254740993, Live = true, Timestamp = "ignored", Node_Id = "ignored" }));
        service.Record(Stream, 180, Payload.From("text"));
        service.Record(Stream, 240, Payload.From(9007199254740993));
        service.Record(Stream, 300, Payload.From(1.25m));
        service.Record(Stream, 360, Payload.From(new System.Collections.Hashtable { ["Close"] = "1.5" }));
        service.Record(Stream, 420, Payload.From(DayOfWeek.Friday));
        service.Record(Stream, 480, Payload.From(new DateOnly(2024, 1, 2)));
        await service.FlushAsync();

        Assert.Null(recorder.Row(Stream, 0));
        Assert.Equal("Friday", recorder.Row(Stream, 420)!["value"]);
        Assert.Equal("2024-01-02", recorder.Row(Stream, 480)!["value"]);
        Assert.Equal(1.0, recorder.Row(Stream, 60)!["value"]);
        Assert.Equal(new Dictionary<string, object?> { ["Signal"] = 1.0, ["Order"] = 9007199254740993, ["Live"] = true }, recorder.Row(Stream, 120)!);
        Assert.Equal("text", recorder.Row(Stream, 180)!["value"]);
        Assert.Equal(9007199254740993, recorder.Row(Stream, 240)!["value"]);
        Assert.Equal(1.25, recorder.Row(Stream, 300)!["value"]);
        Assert.Equal(1.5, recorder.Row(Stream, 360)!["close"]);
        Assert.Equal(8, service.GetReport().Recorded);
    }

    [Fact]
    public async Task What_is_not_one_bar_is_refused_at_once()
    {
        await using EventRecorderService service = Open(new ScriptedRecorder());
        Assert.Throws<ArgumentException>(() => service.Record(Stream, 60, Payload.From(Candles(2))));
        ArgumentException error = Assert.Throws<ArgumentException>(() => service.Record(Stream, 60, Payload.From(new[] { 1.0, 2.0 })));
        Assert.Contains("System.Double[] cannot be recorded as one bar: it is a list", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, service.GetReport().Recorded);
    }

    [Fact]
    public async Task A_field_that_no_column_holds_is_refused_and_named()
    {
        await using EventRecorderService service = Open(new ScriptedRecorder());
        foreach (object value in (object[])[new[] { 1, 2 }, new Dictionary<string, object?> { ["a"] = 1 }, new object()])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => service.Record(Stream, 60, Payload.From(new Dictionary<string, object?> { ["levels"] = value })));
            Assert.Contains("The field 'levels' is a", error.Message, StringComparison.Ordinal);
        }

        service.Record(Stream, 120, Payload.From(new Dictionary<string, object?> { ["version"] = new Version(1, 2), ["when"] = TimeSpan.FromMinutes(1) }));
        Assert.Equal(1, service.GetReport().Recorded);
    }

    [Fact]
    public async Task A_frame_of_another_interval_is_floored_to_the_streams()
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder);
        var hour = new StreamKey("SIGNAL", BarInterval.FromSeconds(3600));
        service.Record(hour, Candles(120));
        await service.FlushAsync();
        Assert.Equal([0, 3600], Assert.Single(recorder.Taken).Frame.Timestamps.ToArray());
        Assert.Equal(119.0, recorder.Row(hour, 3600)!["close"]);
    }

    [Fact]
    public async Task Many_threads_record_at_once()
    {
        var recorder = new ScriptedRecorder { RowsPerWrite = 100 };
        await using EventRecorderService service = Open(recorder);
        StreamKey[] streams = [.. Enumerable.Range(0, 8).Select(index => new StreamKey($"NODE{index}", Minute))];
        Parallel.ForEach(streams, stream =>
        {
            for (int bar = 0; bar < 2000; bar++)
            {
                service.Record(stream, bar * 60, bar);
            }
        });
        await service.FlushAsync();

        Assert.Equal(16_000, recorder.Bars);
        Assert.Equal(16_000, service.GetReport().Delivered);
        Assert.All(streams, stream => Assert.Equal(1999.0, recorder.Row(stream, 1999 * 60)!["value"]));
        Assert.Equal(0, service.GetReport().SpooledBytes);
        Assert.Single(Directory.GetFiles(service.GetReport().SpoolFolder, "*.spool"));
    }

    [Fact]
    public async Task Disposing_delivers_and_reports_and_leaves_no_file()
    {
        var recorder = new ScriptedRecorder();
        EventRecorderService service = Open(recorder, Options with { ShutdownTimeout = TimeSpan.FromMinutes(1) });
        service.Record(Stream, Candles(10));
        await service.DisposeAsync();
        await service.DisposeAsync();

        Assert.True(recorder.IsDisposed);
        Assert.Equal(10, recorder.Bars);
        RecorderReport report = Assert.Single(Events.OfType<RecorderClosed>()).Report;
        Assert.Equal((10, 10, 0), (report.Recorded, report.Delivered, report.Queued));
        Assert.Equal(report, service.GetReport());
        Assert.Equal(["destination.txt"], Directory.GetFiles(report.SpoolFolder).Select(Path.GetFileName));
        Assert.Throws<ObjectDisposedException>(() => service.Record(Stream, 0, 1.0));
        await Assert.ThrowsAsync<TaskCanceledException>(() => service.FlushAsync());
    }

    [Fact]
    public async Task A_service_that_records_nothing_makes_no_file()
    {
        EventRecorderService service = Open(new ScriptedRecorder());
        await service.FlushAsync();
        await service.DisposeAsync();
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task The_recorder_learns_its_stream_where_it_wants_to()
    {
        var recorder = new BoundRecorder();
        await using (EventRecorderService service = Open(recorder))
        {
            service.BindStream(Stream);
        }

        Assert.Equal(Stream, recorder.Bound);
        await using EventRecorderService other = Open(new ScriptedRecorder());
        other.BindStream(Stream);
    }

    [Theory]
    [InlineData("BatchRows must be from 1 to 10000000")]
    [InlineData("SpoolLimit must be from 65536 to")]
    [InlineData("FlushInterval must be from")]
    public void An_option_outside_its_limits_is_refused(string message)
    {
        EventRecorderOptions options = message.Split(' ')[0] switch
        {
            "BatchRows" => Options with { BatchRows = 0 },
            "SpoolLimit" => Options with { SpoolLimit = 1 },
            _ => Options with { FlushInterval = TimeSpan.Zero },
        };
        Assert.StartsWith(message, Assert.Throws<ArgumentOutOfRangeException>(() => Open(new ScriptedRecorder(), options)).Message, StringComparison.Ordinal);
    }

    private static Payload Object(params (string Name, object? Value)[] fields) =>
        Payload.From(fields.ToDictionary(field => field.Name, field => field.Value));

    private sealed class BoundRecorder : IEventRecorder, IStreamBound
    {
        public StreamKey? Bound { get; private set; }

        public string DisplayName => "bound";

        public void BindStream(StreamKey stream) => Bound = stream;

        public Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
