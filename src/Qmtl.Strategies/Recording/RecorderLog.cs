using Microsoft.Extensions.Logging;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Recording;

/// <summary>Writes a recorder's events as structured log events. Errors go by message and type, as in <see cref="BackfillLog"/>.</summary>
internal sealed partial class RecorderLog(ILogger logger)
{
    /// <summary>Writes an event.</summary>
    public void Write(RecorderEvent happened)
    {
        string recorder = happened.Destination;
        switch (happened)
        {
            case RecorderFlushed flushed:
                Flush(recorder, flushed.Rows, Seconds(flushed.Duration));
                break;
            case RecorderAway away:
                Away(recorder, away.Error.Message, away.Error.GetType().Name);
                break;
            case RecorderBack back:
                Back(recorder, Seconds(back.Duration));
                break;
            case RecorderWarned warned:
                Warned(recorder, warned.Warning, warned.Stream.NodeId, warned.Stream.Interval.Number);
                break;
            case RecorderRowsRefused refused:
                RowsRefused(recorder, refused.Rows, refused.Stream.ToString(), refused.File, refused.Error.Message, refused.Stream.NodeId, refused.Stream.Interval.Number, refused.Error.GetType().Name);
                break;
            case RecorderSpoolFull full:
                SpoolFull(recorder, full.Bytes);
                break;
            case RecorderSpoolUnavailable unavailable:
                SpoolUnavailable(recorder, unavailable.Folder, unavailable.Error.Message, unavailable.Error.GetType().Name);
                break;
            case RecorderSpoolDamaged damaged:
                SpoolDamaged(recorder, damaged.File);
                break;
            case RecorderRetryFailed failed:
                RetryFailed(recorder, failed.File, failed.Error.Message, failed.Error.GetType().Name);
                break;
            case RecorderClosed { Report: var report }:
                // Only what is lost is nobody's to bring back.
                Closed(report.Dropped > 0 ? LogLevel.Error : LogLevel.Information, recorder, report.Delivered, report.Queued, report.Refused, report.Dropped);
                break;
        }
    }

    private static double Seconds(TimeSpan duration) => Math.Round(duration.TotalSeconds, 3);

    [LoggerMessage(4000, LogLevel.Debug, "{recorder}: {rows} rows delivered in {duration_seconds} s.", EventName = "recorder.flush")]
    private partial void Flush(string recorder, long rows, double duration_seconds);

    [LoggerMessage(
        4001, LogLevel.Warning, "{recorder} cannot take rows now. They are kept, and delivered when it is back: {error}", EventName = "recorder.away")]
    private partial void Away(string recorder, string error, string error_type);

    [LoggerMessage(4002, LogLevel.Information, "{recorder} takes rows again after {duration_seconds} s.", EventName = "recorder.back")]
    private partial void Back(string recorder, double duration_seconds);

    [LoggerMessage(4009, LogLevel.Warning, "{recorder}: {warning}", EventName = "recorder.warning")]
    private partial void Warned(string recorder, string warning, string node_id, long interval);

    [LoggerMessage(
        4003, LogLevel.Error, "{recorder} refuses {rows} rows of {stream} for good; they are in {file}: {error}", EventName = "recorder.rows_refused")]
    private partial void RowsRefused(string recorder, long rows, string stream, string file, string error, string node_id, long interval, string error_type);

    [LoggerMessage(
        4004, LogLevel.Warning, "{recorder}: the spool is full with {bytes} bytes. Whoever records waits until rows are delivered.", EventName = "recorder.spool_full")]
    private partial void SpoolFull(string recorder, long bytes);

    [LoggerMessage(
        4005, LogLevel.Warning,
        "{recorder}: the spool in {folder} cannot be written, so rows are kept in memory and would not outlive the process: {error}", EventName = "recorder.spool_unavailable")]
    private partial void SpoolUnavailable(string recorder, string folder, string error, string error_type);

    [LoggerMessage(
        4006, LogLevel.Error, "{recorder}: {file} is damaged. What could be read of it is delivered; the file stays.", EventName = "recorder.spool_damaged")]
    private partial void SpoolDamaged(string recorder, string file);

    [LoggerMessage(
        4008, LogLevel.Error, "{recorder}: the refused rows in {file} cannot be retried and stay there: {error}", EventName = "recorder.retry_failed")]
    private partial void RetryFailed(string recorder, string file, string error, string error_type);

    [LoggerMessage(
        EventId = 4007, EventName = "recorder.closed",
        Message = "{recorder} has ended: {rows_delivered} rows delivered, {rows_left} left for the next process, {rows_refused} refused, {rows_lost} lost.")]
    private partial void Closed(LogLevel level, string recorder, long rows_delivered, long rows_left, long rows_refused, long rows_lost);
}
