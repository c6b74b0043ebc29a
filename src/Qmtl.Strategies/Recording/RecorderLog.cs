using Microsoft.Extensions.Logging;

namespace Qmtl.Recording;

/// <summary>Writes a recorder's events as structured log events. Errors go by message and type, as in the engine's log.</summary>
internal sealed partial class RecorderLog(ILogger logger)
{
    /// <summary>Writes an event.</summary>
    public void Write(RecorderEvent happened)
    {
        (string text, string recorder) = (happened.Text, happened.Destination);
        switch (happened)
        {
            case RecorderFlushed { Rows: var rows, Duration: var duration }:
                Flush(text, recorder, rows, Seconds(duration));
                break;
            case RecorderAway { Error: var error }:
                Away(text, recorder, error.Message, error.GetType().Name);
                break;
            case RecorderBack { Duration: var duration }:
                Back(text, recorder, Seconds(duration));
                break;
            case RecorderWarned { Stream: var stream } warned:
                Warned(text, recorder, warned.Warning, stream.NodeId, stream.Interval.Number);
                break;
            case RecorderRowsRefused { Stream: var stream, Error: var error } refused:
                RowsRefused(
                    text,
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
                SpoolFull(text, recorder, full.Bytes);
                break;
            case RecorderSpoolUnavailable { Error: var error } unavailable:
                SpoolUnavailable(text, recorder, unavailable.Folder, error.Message, error.GetType().Name);
                break;
            case RecorderSpoolDamaged damaged:
                SpoolDamaged(text, recorder, damaged.File);
                break;
            case RecorderClosed { Report: var report }:
                // Only what is lost is nobody's to bring back.
                LogLevel level = report.Dropped > 0 ? LogLevel.Error : LogLevel.Information;
                Closed(level, text, recorder, report.Delivered, report.Queued, report.Refused, report.Dropped);
                break;
        }
    }

    private static double Seconds(TimeSpan duration) => Math.Round(duration.TotalSeconds, 3);

    [LoggerMessage(4000, LogLevel.Debug, "{text}", EventName = "recorder.flush")]
    private partial void Flush(string text, string recorder, long rows, double duration_seconds);

    [LoggerMessage(4001, LogLevel.Warning, "{text}", EventName = "recorder.away")]
    private partial void Away(string text, string recorder, string error, string error_type);

    [LoggerMessage(4002, LogLevel.Information, "{text}", EventName = "recorder.back")]
    private partial void Back(string text, string recorder, double duration_seconds);

    [LoggerMessage(4003, LogLevel.Error, "{text}", EventName = "recorder.rows_refused")]
    private partial void RowsRefused(
        string text,
        string recorder,
        long rows,
        string stream,
        string file,
        string error,
        string node_id,
        long interval,
        string error_type);

    [LoggerMessage(4004, LogLevel.Warning, "{text}", EventName = "recorder.spool_full")]
    private partial void SpoolFull(string text, string recorder, long bytes);

    [LoggerMessage(4005, LogLevel.Warning, "{text}", EventName = "recorder.spool_unavailable")]
    private partial void SpoolUnavailable(string text, string recorder, string folder, string error, string error_type);

    [LoggerMessage(4006, LogLevel.Error, "{text}", EventName = "recorder.spool_damaged")]
    private partial void SpoolDamaged(string text, string recorder, string file);

    [LoggerMessage(EventId = 4007, Message = "{text}", EventName = "recorder.closed")]
    private partial void Closed(
        LogLevel level, string text, string recorder, long rows_delivered, long rows_left, long rows_refused, long rows_lost);

    [LoggerMessage(4009, LogLevel.Warning, "{text}", EventName = "recorder.warning")]
    private partial void Warned(string text, string recorder, string warning, string node_id, long interval);
}
