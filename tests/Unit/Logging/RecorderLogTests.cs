using Microsoft.Extensions.Logging;
using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Unit.Recording;

namespace Qmtl.Unit.Logging;

public sealed class RecorderLogTests : RecordingTest
{
    private readonly CollectingLoggerFactory _log = new();

    [Fact]
    public async Task A_store_that_goes_away_and_comes_back_is_told_once_each()
    {
        bool isAway = true;
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => isAway ? Task.FromException(Away) : Task.CompletedTask };
        await using EventRecorderService service = OpenLogged(recorder);

        service.Record(Stream, Candles(10));
        Task flushing = service.FlushAsync();
        await WhileTimePassesAsync(UntilToldAsync<RecorderAway>());
        isAway = false;
        await WhileTimePassesAsync(flushing);

        LoggedEvent away = Assert.Single(_log.Named("recorder.away"));
        Assert.Equal((LogLevel.Warning, "scripted", "The store is away."), (away.Level, away.Fields["recorder"], away.Fields["error"]));
        Assert.Equal(LogLevel.Information, Assert.Single(_log.Named("recorder.back")).Level);
        LoggedEvent flush = Assert.Single(_log.Named("recorder.flush"));
        Assert.Equal((LogLevel.Debug, 10L), (flush.Level, flush.Fields["rows"]));
    }

    [Fact]
    public async Task Rows_refused_for_good_are_an_error_that_names_the_file()
    {
        var recorder = new ScriptedRecorder { BeforePersist = (_, _, _) => Task.FromException(new StoreException("The column 'close' is text.")) };
        await using EventRecorderService service = OpenLogged(recorder);

        service.Record(Stream, Candles(3));
        await WhileTimePassesAsync(service.FlushAsync());

        LoggedEvent refused = Assert.Single(_log.Named("recorder.rows_refused"));
        Assert.Equal(
            (LogLevel.Error, "SIGNAL", 60L, 3L, "The column 'close' is text."),
            (refused.Level, refused.Fields["node_id"], refused.Fields["interval"], refused.Fields["rows"], refused.Fields["error"]));
        Assert.True(File.Exists((string)refused.Fields["file"]!), refused.Message);
    }

    [Fact]
    public async Task The_end_is_told_with_what_became_of_the_rows()
    {
        EventRecorderService service = OpenLogged(new ScriptedRecorder());
        service.Record(Stream, Candles(5));
        await WhileTimePassesAsync(service.FlushAsync());

        await WhileTimePassesAsync(service.DisposeAsync().AsTask());

        LoggedEvent closed = Assert.Single(_log.Named("recorder.closed"));
        Assert.Equal((LogLevel.Information, 5L, 0L), (closed.Level, closed.Fields["rows_delivered"], closed.Fields["rows_lost"]));
    }

    public static TheoryData<RecorderEvent, LogLevel, string, string> Others => new()
    {
        {
            new RecorderWarned("db", Stream, "The table 'x' had no column 'y', and got it."), LogLevel.Warning, "recorder.warning",
            "db: The table 'x' had no column 'y', and got it."
        },
        {
            new RecorderSpoolFull("db", 1000), LogLevel.Warning, "recorder.spool_full",
            "db: the spool is full (1000 bytes), so recording waits until rows are delivered."
        },
        {
            new RecorderSpoolUnavailable("db", "spool", new IOException("no space left")), LogLevel.Warning, "recorder.spool_unavailable",
            "db: the spool in spool cannot be written, so recording waits until it can: no space left"
        },
        {
            new RecorderSpoolDamaged("db", "1.damaged"), LogLevel.Error, "recorder.spool_damaged",
            "db: a file of the spool is damaged. What could be read of it is delivered; 1.damaged is kept."
        },
        {
            new RecorderClosed("db", new RecorderReport { SpoolFolder = "spool", Dropped = 2 }), LogLevel.Error, "recorder.closed",
            "db: the recorder is closed. 0 rows are delivered, 0 refused, 2 lost; 0 are kept in spool for the next recorder to the same place."
        },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void Every_other_event_has_its_name_and_level(RecorderEvent happened, LogLevel level, string name, string sentence)
    {
        new RecorderLog(_log).Write(happened);

        LoggedEvent logged = Assert.Single(_log.Events);
        Assert.Equal((level, name, "db"), (logged.Level, logged.Event.Name, logged.Fields["recorder"]));
        Assert.Equal(sentence, logged.Message);
    }

    private EventRecorderService OpenLogged(ScriptedRecorder recorder) => new(recorder, Options, Clock, Events.Enqueue, _log);
}
