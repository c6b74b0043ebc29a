using System.Globalization;

namespace Qmtl.Cli.Rendering;

/// <summary>How counts and durations look everywhere.</summary>
internal static class Amounts
{
    /// <summary>A count with thousands separators.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count with its noun, for example <c>1 bar</c> or <c>2 bars</c>.</summary>
    public static string Count(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A duration as a person reads it, for example <c>0.4 s</c> or <c>1:02:03</c>.</summary>
    public static string Duration(TimeSpan duration) => duration < TimeSpan.FromMinutes(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.0} s")
        : duration.ToString(duration < TimeSpan.FromHours(1) ? @"m\:ss" : @"d\.h\:mm\:ss", CultureInfo.InvariantCulture);
}
