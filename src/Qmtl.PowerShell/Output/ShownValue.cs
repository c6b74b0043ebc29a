using System.Globalization;
using System.Management.Automation;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>How a value of a bar or a result stands in the module's own tables and lists, also of what came from another process.</summary>
public static class ShownValue
{
    private const double LargestExact = 1L << 53;
    private const string Iso = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    // What a bar from another process has beside its columns.
    private static readonly string[] NoColumns = [BarObjects.Timestamp, "NodeId", "Interval"];

    /// <summary>
    /// A time as ISO writes it, in UTC and the Gregorian calendar whatever the shell's culture; a fraction with ten significant digits at
    /// most, as the culture writes numbers; text without what a terminal would obey; a bar as its columns and values, without its time.
    /// Anything else as it is.
    /// </summary>
    /// <param name="value">The value; null shows nothing.</param>
    public static object? Of(object? value) => value switch
    {
        DateTimeOffset or DateTime => Time(value),
        double number => number.ToString(IsWhole(number) ? "0" : "G10", CultureInfo.CurrentCulture),
        string text => PlainText.OneLine(text),
        BarObject bar => Columns(bar),
        PSObject wrapped when wrapped.BaseObject != wrapped => Of(wrapped.BaseObject),
        _ => value,
    };

    /// <summary>A time on one line: also one that is the ISO text by which it came from another process.</summary>
    /// <param name="time">The time; null shows nothing.</param>
    public static string? Time(object? time) => time switch
    {
        null => null,
        DateTimeOffset instant => instant.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        DateTime instant => Time(UnixTime.FromDateTime(instant)),
        PSObject wrapped when wrapped.BaseObject != wrapped => Time(wrapped.BaseObject),
        string text when DateTimeOffset.TryParseExact(
            text, Iso, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant) => Time(instant),
        _ => PlainText.OneLine($"{time}"),
    };

    /// <summary>A duration in its largest unit, for example <c>5m</c> or <c>12d</c>: also one that is text from another process.</summary>
    /// <param name="duration">The duration; null shows nothing.</param>
    public static string? Age(object? duration) =>
        TimeSpan.TryParse($"{duration}", CultureInfo.InvariantCulture, out TimeSpan age)
            ? age switch
            {
                { TotalDays: >= 1 } => $"{(long)age.TotalDays}d",
                { TotalHours: >= 1 } => $"{age.Hours}h",
                { TotalMinutes: >= 1 } => $"{age.Minutes}m",
                _ => $"{age.Seconds}s",
            }
            : null;

    /// <summary>Bytes in the largest unit of which there is one, for example <c>1.2 MB</c>.</summary>
    /// <param name="bytes">How many; null shows nothing.</param>
    public static string? Size(object? bytes)
    {
        if (!double.TryParse($"{bytes}", NumberStyles.Float, CultureInfo.InvariantCulture, out double size))
        {
            return null;
        }

        int unit = 0;
        for (; size >= 1000 && unit < Units.Length - 1; unit++)
        {
            size /= 1000;
        }

        return $"{size.ToString(unit == 0 || size >= 100 ? "0" : "0.0", CultureInfo.CurrentCulture)} {Units[unit]}";
    }

    /// <summary>What went wrong with an outcome, in one line without what its row says anyway; nothing where nothing did.</summary>
    /// <param name="outcome">The outcome, or what another process has of it.</param>
    /// <param name="longest">How many characters are shown at most.</param>
    public static string? Error(PSObject outcome, int longest = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        object? error = outcome.Properties["Error"]?.Value;
        string? text = (error is PSObject wrapped ? wrapped.BaseObject : error) switch
        {
            null => null,
            ErrorRecord record => record.Exception.Message,
            _ => $"{error}",
        };
        string subject = $"{outcome.Properties["NodeId"]?.Value} {outcome.Properties["Interval"]?.Value} ";
        int said = text?.StartsWith(subject, StringComparison.Ordinal) == true ? text.IndexOf(": ", StringComparison.Ordinal) + 2 : 0;
        return text is null ? null : PlainText.OneLine(text[said..], longest);
    }

    /// <summary>The columns of a candle beside open, high, low, close and volume, and their values; empty where it has none.</summary>
    /// <param name="candle">The candle.</param>
    public static string Others(PSObject candle)
    {
        ArgumentNullException.ThrowIfNull(candle);
        return TextOf(candle.Properties.Where(property => !BarObjects.CandleColumns.Contains(property.Name)));
    }

    /// <summary>All columns of a bar and their values.</summary>
    /// <param name="bar">The bar.</param>
    public static string Columns(PSObject bar)
    {
        ArgumentNullException.ThrowIfNull(bar);
        return TextOf(bar.Properties);
    }

    private static bool IsWhole(double number) => double.IsInteger(number) && Math.Abs(number) < LargestExact;

    private static string TextOf(IEnumerable<PSPropertyInfo> properties) => string.Join(
        ", ",
        properties.Where(property => !NoColumns.Contains(property.Name)).Select(
            property => $"{PlainText.OneLine(property.Name)} {Of(property.Value)}"));
}
