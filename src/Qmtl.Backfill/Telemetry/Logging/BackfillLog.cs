using System.Text.Json;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Telemetry.Logging;

/// <summary>Writes the engine's events as structured log events. It keeps nothing, so one serves all streams from any thread.</summary>
/// <remarks>
/// Errors are logged by message and type, never as exceptions: the messages of this library are clean, but what a driver put into
/// an inner exception is not known. Fields are snake_case, which is why the parameters are.
/// </remarks>
/// <param name="logger">Where to.</param>
/// <param name="completion">How much it matters that a range has ended well: less where that happens with each bar.</param>
internal sealed partial class BackfillLog(ILogger logger, LogLevel completion = LogLevel.Information)
{
    // Below it nobody would have noticed.
    private static readonly TimeSpan RateLimitWorthTelling = TimeSpan.FromSeconds(1);

    // From here on somebody before the shell asks what it is doing.
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(10);

    /// <summary>Writes an event.</summary>
    public void Write(BackfillEvent happened)
    {
        StreamKey stream = happened.Stream;
        string node = stream.NodeId;
        long interval = stream.Interval.Number;
        switch (happened)
        {
            case BackfillStarted { Bounds: { } range } started:
                Start(stream, range, started.Source, node, interval, range.Start, range.End, started.Ranges);
                break;
            case BackfillPlanned planned:
                Plan(stream, planned.BarsMissing, planned.Requests, node, interval);
                break;
            case BackfillSourceAsked { Range: var range, Error: var error } asked:
                Request(
                    stream,
                    asked.Source,
                    error is null ? "answered" : "failed",
                    range,
                    Seconds(asked.Duration),
                    node,
                    interval,
                    range.Start,
                    range.End,
                    error?.Message, error?.GetType().Name);
                break;
            case BackfillRetrying { Range: var range } retry:
                (double delay, string errorType) = (Seconds(retry.Delay), retry.Error.GetType().Name);
                Retry(
                    retry.Delay >= LongWait ? LogLevel.Warning : LogLevel.Information,
                    stream, retry.Attempt, range, delay, retry.Error.Message, node, interval, range.Start, range.End, errorType);
                break;
            case BackfillWaiting waiting:
                Wait(stream, Seconds(waiting.Delay), waiting.Source, node, interval);
                break;
            case BackfillPageCommitted { Range: var range } page:
                Page(stream, range, page.BarsWritten, page.BarsEmpty, node, interval, range.Start, range.End);
                break;
            case BackfillRowsRejected rejected:
                RowsRejected(stream, rejected.Rejected.Total, rejected.Source, rejected.Rejected, node, interval);
                break;
            case BackfillSourceNote { Note: var note } told:
                SourceNote(note.IsWarning ? LogLevel.Warning : LogLevel.Information, stream, told.Source, note.Text, node, interval);
                break;
            case BackfillStoreWarning { Warning: var warning } told:
                StoreWarning(stream, warning, told.Store, node, interval);
                break;
            case BackfillRangeEnded ended:
                WriteResult(ended.Result, node, interval);
                break;
            case BackfillEnded ended:
                WriteEnd(ended, node, interval);
                break;
        }
    }

    private static double Seconds(TimeSpan duration) => Math.Round(duration.TotalSeconds, 3);

    private void WriteResult(BackfillResult result, string node, long interval)
    {
        TimeRange range = result.Range;
        switch (result.Status)
        {
            case BackfillStatus.Failed:
                Failed(
                    result.Stream, range, result.Error?.Message, node, interval, range.Start, range.End,
                    result.BarsWritten,
                    result.BarsMissing,
                    result.Requests,
                    result.Retries,
                    Seconds(result.Duration),
                    result.Error?.GetType().Name);
                break;
            case BackfillStatus.Cancelled:
                Cancelled(result.Stream, range, result.BarsWritten, node, interval, range.Start, range.End);
                break;
            default:
                string status = JsonNamingPolicy.SnakeCaseLower.ConvertName(result.Status.ToString());
                double duration = Seconds(result.Duration);
                Complete(
                    completion, result.Stream, range, status, result.BarsWritten, result.BarsEmpty, result.BarsMissing, duration,
                    node, interval, range.Start, range.End, result.BarsRejected, result.Requests, result.Retries);
                break;
        }
    }

    private void WriteEnd(BackfillEnded ended, string node, long interval)
    {
        if (ended.WritePath is var (store, path))
        {
            WritePath(ended.Stream, store, path, node, interval);
        }

        if (ended.Table is var (place, table) && table != node)
        {
            Table(ended.Stream, table, place, node, interval);
        }

        if (ended.RateLimitWait >= RateLimitWorthTelling)
        {
            RateLimit(ended.Stream, Seconds(ended.RateLimitWait), ended.Source, node, interval);
        }
    }

    [LoggerMessage(1000, LogLevel.Information, "{stream}: backfill of {range} from {source}.", EventName = "backfill.start")]
    private partial void Start(
        StreamKey stream, TimeRange range, string source, string node_id, long interval, long start, long end, int ranges);

    [LoggerMessage(
        1001,
        LogLevel.Information,
        "{stream}: bars to ask for: {bars_missing}, requests planned: {requests}.",
        EventName = "backfill.plan")]
    private partial void Plan(StreamKey stream, long bars_missing, long requests, string node_id, long interval);

    [LoggerMessage(
        1002, LogLevel.Trace, "{stream}: {source} {outcome} for {range} after {duration_seconds} s.", EventName = "backfill.request")]
    private partial void Request(
        StreamKey stream,
        string source,
        string outcome,
        TimeRange range,
        double duration_seconds,
        string node_id,
        long interval,
        long start,
        long end,
        string? error, string? error_type);

    [LoggerMessage(
        EventId = 1003, Message = "{stream}: retry {attempt} of {range} in {delay_seconds} s: {error}", EventName = "backfill.retry")]
    private partial void Retry(
        LogLevel level,
        StreamKey stream,
        int attempt,
        TimeRange range,
        double delay_seconds,
        string error,
        string node_id,
        long interval,
        long start,
        long end,
        string error_type);

    [LoggerMessage(1004, LogLevel.Debug, "{stream}: waits {delay_seconds} s for the rate limit of {source}.", EventName = "backfill.wait")]
    private partial void Wait(StreamKey stream, double delay_seconds, string source, string node_id, long interval);

    [LoggerMessage(
        1005, LogLevel.Debug, "{stream}: {range} committed, {bars_written} bars written, {bars_empty} empty.", EventName = "backfill.page")]
    private partial void Page(
        StreamKey stream, TimeRange range, long bars_written, long bars_empty, string node_id, long interval, long start, long end);

    [LoggerMessage(
        1006, LogLevel.Warning, "{stream}: {rows} rows from {source} were not stored: {reasons}.", EventName = "backfill.rows_rejected")]
    private partial void RowsRejected(StreamKey stream, long rows, string source, RejectedRows reasons, string node_id, long interval);

    [LoggerMessage(
        EventId = 1007,
        Message = "{stream}: {range} {status}, {bars_written} bars written, {bars_empty} empty, {bars_missing} missing, in "
            + "{duration_seconds} s.",
        EventName = "backfill.complete")]
    private partial void Complete(
        LogLevel level, StreamKey stream, TimeRange range, string status, long bars_written, long bars_empty, long bars_missing,
        double duration_seconds,
        string node_id, long interval, long start, long end, long rows_rejected, int requests, int retries);

    [LoggerMessage(1008, LogLevel.Error, "{stream}: {range} failed: {error}", EventName = "backfill.failed")]
    private partial void Failed(
        StreamKey stream, TimeRange range, string? error, string node_id, long interval, long start, long end,
        long bars_written, long bars_missing, int requests, int retries, double duration_seconds, string? error_type);

    [LoggerMessage(
        1009, LogLevel.Information, "{stream}: {range} cancelled, {bars_written} bars written.", EventName = "backfill.cancelled")]
    private partial void Cancelled(
        StreamKey stream, TimeRange range, long bars_written, string node_id, long interval, long start, long end);

    [LoggerMessage(3000, LogLevel.Information, "{stream}: bars go into {store} by {path}.", EventName = "store.write_path")]
    private partial void WritePath(StreamKey stream, string store, string path, string node_id, long interval);

    [LoggerMessage(3001, LogLevel.Information, "{stream}: its bars are in the table '{table}' of {store}.", EventName = "store.table")]
    private partial void Table(StreamKey stream, string table, string store, string node_id, long interval);

    [LoggerMessage(EventId = 2002, Message = "{stream}: {source}: {note}.", EventName = "source.note")]
    private partial void SourceNote(LogLevel level, StreamKey stream, string source, string note, string node_id, long interval);

    [LoggerMessage(3002, LogLevel.Warning, "{stream}: {warning}", EventName = "store.warning")]
    private partial void StoreWarning(StreamKey stream, string warning, string store, string node_id, long interval);

    [LoggerMessage(
        1010,
        LogLevel.Information,
        "{stream}: its requests waited {wait_seconds} s in all for the rate limit of {source}.",
        EventName = "backfill.rate_limit")]
    private partial void RateLimit(StreamKey stream, double wait_seconds, string source, string node_id, long interval);
}
