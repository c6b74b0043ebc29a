using Microsoft.Extensions.Logging;

namespace Qmtl.Telemetry.Logging;

/// <summary>Writes what is to be said of a keeper, and not of one of its streams.</summary>
internal static partial class KeepLog
{
    [LoggerMessage(
        EventId = 7000, Message = "{what} cannot be had, and is asked again in {delay_seconds} s: {error}", EventName = "keep.away")]
    public static partial void Away(ILogger logger, LogLevel level, string what, double delay_seconds, string error);

    [LoggerMessage(7001, LogLevel.Information, "{what} is back.", EventName = "keep.back")]
    public static partial void Back(ILogger logger, string what);

    [LoggerMessage(
        7002, LogLevel.Information, "{streams} streams of {sources} sources in {stores} stores are kept.", EventName = "keep.started")]
    public static partial void Started(ILogger logger, int streams, int sources, int stores);

    [LoggerMessage(7003, LogLevel.Information, "The declaration was read again: {streams} streams are kept.", EventName = "keep.reloaded")]
    public static partial void Reloaded(ILogger logger, int streams);

    [LoggerMessage(
        7004,
        LogLevel.Error,
        "Work on {source} and {store} ended by a fault, and is tried again later: {error}",
        EventName = "keep.fault")]
    public static partial void Fault(ILogger logger, string source, string store, string error, Exception exception);
}
