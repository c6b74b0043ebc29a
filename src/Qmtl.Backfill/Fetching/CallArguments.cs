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
    /// <exception cref="NotSupportedException">The type is a number or a time span, which do not tell this interval.</exception>
    public static object? Interval(Type type, BarInterval interval) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(object) => interval.Number > 0 ? interval.Seconds : interval.ToString(),
        var t when t == typeof(long) => SecondsOf(interval),
        var t when t == typeof(int) => (int)SecondsOf(interval),
        var t when t == typeof(double) => (double)SecondsOf(interval),
        var t when t == typeof(decimal) => (decimal)SecondsOf(interval),
        var t when t == typeof(TimeSpan) => TimeSpan.FromSeconds(SecondsOf(interval)),
        var t when t == typeof(BarInterval) => interval,
        var t when t == typeof(string) => interval.ToString(),
        _ => null,
    };

    private static long SecondsOf(BarInterval interval) => interval.Number > 0
        ? interval.Seconds
        : throw new NotSupportedException(
            $"The method takes the interval as a number of seconds or a time span, which cannot tell {interval}. Declare it as a "
                + $"BarInterval or a string.");
}
