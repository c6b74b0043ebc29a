using Qmtl.Time;

namespace Qmtl.Fetching;

/// <summary>Times and intervals as the methods of objects of unknown type want them.</summary>
internal static class CallArguments
{
    /// <summary>The instant as the type wants it; null where it cannot be that.</summary>
    public static object? Time(Type type, long seconds) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(long) || t == typeof(object) => seconds,
        var t when t == typeof(double) => (double)seconds,
        var t when t == typeof(decimal) => (decimal)seconds,
        var t when t == typeof(DateTimeOffset) => UnixTime.FromSeconds(seconds),
        var t when t == typeof(DateTime) => UnixTime.FromSeconds(seconds).UtcDateTime,
        _ => null,
    };

    /// <summary>The interval as the type wants it; null where it cannot be that.</summary>
    public static object? Interval(Type type, BarInterval interval) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(long) || t == typeof(object) => (long)interval.Number,
        var t when t == typeof(int) => interval.Number,
        var t when t == typeof(double) => (double)interval.Number,
        var t when t == typeof(decimal) => (decimal)interval.Number,
        var t when t == typeof(TimeSpan) => interval.Duration,
        var t when t == typeof(BarInterval) => interval,
        var t when t == typeof(string) => interval.ToString(),
        _ => null,
    };
}
