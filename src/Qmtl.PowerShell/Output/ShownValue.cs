using System.Globalization;
using System.Management.Automation;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Output;

/// <summary>How a value of a bar or a result stands in the module's own tables and lists.</summary>
public static class ShownValue
{
    /// <summary>
    /// A time as ISO writes it, in UTC and the Gregorian calendar whatever the shell's culture; a fraction with ten significant digits at
    /// most, as the culture writes numbers; text without what a terminal would obey; a bar as its columns and values, without its time.
    /// Anything else as it is.
    /// </summary>
    /// <param name="value">The value; null shows nothing.</param>
    public static object? Of(object? value) => value switch
    {
        DateTimeOffset time => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        double number => number.ToString("G10", CultureInfo.CurrentCulture),
        string text => PlainText.OneLine(text),
        BarObject bar => TextOf(bar.Properties),
        PSObject wrapped when wrapped.BaseObject != wrapped => Of(wrapped.BaseObject),
        _ => value,
    };

    /// <summary>The columns of a candle beside open, high, low, close and volume, and their values; empty where it has none.</summary>
    /// <param name="candle">The candle.</param>
    public static string Others(PSObject candle)
    {
        ArgumentNullException.ThrowIfNull(candle);
        return TextOf(candle.Properties.Where(property => !BarObjects.CandleColumns.Contains(property.Name)));
    }

    private static string TextOf(IEnumerable<PSPropertyInfo> properties) => string.Join(
        ", ",
        properties.Where(property => property.Name != BarObjects.Timestamp).Select(
            property => $"{PlainText.OneLine(property.Name)} {Of(property.Value)}"));
}
