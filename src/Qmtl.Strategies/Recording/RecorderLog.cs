using Microsoft.Extensions.Logging;

namespace Qmtl.Recording;

/// <summary>Writes a recorder's events as structured log events. Errors go by message and type, as in the engine's log.</summary>
internal sealed partial class RecorderLog(ILogger logger)
{
    /// <summary>Writes an event.</summary>
    public void Write(RecorderEvent happened)
    {
        string recorder = happened.Destination;
        switch (happened)
        {
            case RecorderFlushed { Rows: var rows, Duration: var duration }:
                Flush(recorder, rows, Seconds(duration));
                break;
            case RecorderAway { Error: var error }:
                Away(recorder, error.Message, error.GetType().Name);
                break;
            case RecorderBack { Duration: var duration }:
                Back(recorder, Seconds(duration));
                break;
            case RecorderWarned { Stream: var stream } warned:
                Warned(recorder, warned.Warning, stream.NodeId, stream.Interval.Number);
                break;
            case RecorderRowsRefused { Stream: var stream, Error: var error } refused:
                RowsRefused(
                    recorder,
                    refused.Rows,
                    stream.ToString(),
                    refused.File,
                    error.Message,
                    stream.NodeId,
                    stream.Interval.Number,
                    error.GetType().Name);
                break;
            case RecorderSpoolFull full:
                SpoolFull(recorder, full.Bytes);
                break;
            case RecorderSpoolUnavailable { Error: var error } unavailable:
                SpoolUnavailable(recorder, unavailable.Folder, error.Message, error.GetType().Name);
                break;
            case RecorderSpoolDamaged damaged:
                SpoolDamaged(recorder, damaged.File);
                break;
            case RecorderClosed { Report: var report }:
                // Only what is lost is nobody's to bring back.
                LogLevel level = report.Dropped > 0 ? LogLevel.Error : LogLevel.Information;
                Closed(level, recorder, report.Delivered, report.Queued, report.Refused, report.Dropped, report.SpoolFolder);
                break;
        }
    }

    private static double Seconds(TimeSpan duration) => Math.Round(duration.TotalSeconds, 3);

    [LoggerMessage(4000, LogLevel.Debug, "{recorder}: {rows} rows delivered in {duration_seconds} s.", EventName = "recorder.flush")]
    private partial void Flush(string recorder, long rows, double duration_seconds);

    [LoggerMessage(
        4001,
        LogLevel.Warning,
        "{recorder} cannot take rows now. They are kept, and delivered when it is back: {error}",
        EventName = "recorder.away")]
    private partial void Away(string recorder, string error, string error_type);

    [LoggerMessage(4002, LogLevel.Information, "{recorder} takes rows again, after {duration_seconds} s.", EventName = "recorder.back")]
    private partial void Back(string recorder, double duration_seconds);

    [LoggerMessage(
        4003,
        LogLevel.Error,
        "{recorder} refuses {rows} rows of {stream}. They are in {file}, and Add-QmtlRecord delivers them when the cause is removed: "
            + "{error}",
        EventName = "recorder.rows_refused")]
    private partial void RowsRefused(
        string recorder,
        long rows,
        string stream,
        string file,
        string error,
        string node_id,
        long interval,
        string error_type);

    [LoggerMessage(
        4004,
        LogLevel.Warning,
        "{recorder}: the spool is full ({bytes} bytes), so recording waits until rows are delivered.",
        EventName = "recorder.spool_full")]
    private partial void SpoolFull(string recorder, long bytes);

    [LoggerMessage(
        4005,
        LogLevel.Warning,
        "{recorder}: the spool in {folder} cannot be written, so recording waits until it can: {error}",
        EventName = "recorder.spool_unavailable")]
    private partial void SpoolUnavailable(string recorder, string folder, string error, string error_type);

    [LoggerMessage(
        4006,
        LogLevel.Error,
        "{recorder}: a file of the spool is damaged. What could be read of it is delivered; {file} is kept.",
        EventName = "recorder.spool_damaged")]
    private partial void SpoolDamaged(string recorder, string file);

    [LoggerMessage(
        EventId = 4007,
        Message = "{recorder}: the recorder is closed. {rows_delivered} rows are delivered, {rows_refused} refused, {rows_lost} lost; "
            + "{rows_left} are kept in {folder} for the next recorder to the same place.",
        EventName = "recorder.closed")]
    private partial void Closed(
        LogLevel level, string recorder, long rows_delivered, long rows_left, long rows_refused, long rows_lost, string folder);

    [LoggerMessage(4009, LogLevel.Warning, "{recorder}: {warning}", EventName = "recorder.warning")]
    private partial void Warned(string recorder, string warning, string node_id, long interval);
}
