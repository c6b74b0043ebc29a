using System.Globalization;
using Qmtl.Data;

namespace Qmtl.Fetching.Csv;

/// <summary>Reads the time of a row. The unit follows from the size of the number, so that files joined from several sources are read too.</summary>
internal static class CsvTimestamp
{
    // Seconds below this are before the year 5138, milliseconds above it after March 1973; the same with microseconds further on.
    private const long FirstMilliseconds = 100_000_000_000;
    private const long FirstMicroseconds = 100_000_000_000_000;
    private const long FirstNanoseconds = 100_000_000_000_000_000;

    /// <summary>Reads Unix seconds, milliseconds, microseconds or ISO 8601. An instant that is no whole second is no bar's open and is refused.</summary>
    public static bool TryRead(string text, out long timestamp, out CsvTimestampFormat format)
    {
        if (!TryReadWhole(text, out long number))
        {
            format = CsvTimestampFormat.Iso8601;
            return TimestampValue.TryRead(text, out timestamp);
        }

        (format, long unit) = Math.Abs(number) switch
        {
            < FirstMilliseconds => (CsvTimestampFormat.Seconds, 1L),
            < FirstMicroseconds => (CsvTimestampFormat.Milliseconds, 1_000L),
            _ => (CsvTimestampFormat.Microseconds, 1_000_000L),
        };
        (timestamp, long rest) = Math.DivRem(number, unit);
        return rest == 0;
    }

    private static bool TryReadWhole(string text, out long number)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out number))
        {
            return number is > -FirstNanoseconds and < FirstNanoseconds;
        }

        // Programs that keep every column as floating point write 1570752000.0 or 1.570752E9.
        bool whole = decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value)
            && decimal.IsInteger(value) && Math.Abs(value) < FirstNanoseconds;
        number = whole ? (long)value : 0;
        return whole;
    }
}
