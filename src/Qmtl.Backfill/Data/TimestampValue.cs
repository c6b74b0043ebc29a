using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>Reads a row's timestamp, whatever type the source gave it.</summary>
public static class TimestampValue
{
    // Doubles hold every whole number up to this one; past it, a timestamp may already have lost digits.
    private const double LargestExact = 9007199254740992;

    /// <summary>
    /// Reads Unix seconds from a whole number of any numeric type, a <see cref="DateTimeOffset"/>, a <see cref="DateTime"/> (UTC unless
    /// it is local), or text with either. An instant that is no whole second is no bar's open and is refused.
    /// </summary>
    /// <returns>False where the value is null, fractional, or no time at all.</returns>
    public static bool TryRead(object? value, out long timestamp)
    {
        switch (value)
        {
            case long seconds:
                timestamp = seconds;
                return true;
            case int seconds:
                timestamp = seconds;
                return true;
            case short or ushort or byte or sbyte or uint:
                timestamp = Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture);
                return true;
            case ulong seconds and <= long.MaxValue:
                timestamp = (long)seconds;
                return true;
            case double seconds when double.IsInteger(seconds) && Math.Abs(seconds) <= LargestExact:
                timestamp = (long)seconds;
                return true;
            case float seconds when float.IsInteger(seconds) && Math.Abs(seconds) <= 16777216:
                timestamp = (long)seconds;
                return true;
            case decimal seconds when decimal.IsInteger(seconds) && Math.Abs(seconds) <= long.MaxValue:
                timestamp = (long)seconds;
                return true;
            case DateTimeOffset instant:
                return TryReadInstant(instant, out timestamp);
            case DateTime instant:
                return TryReadInstant(UnixTime.FromDateTime(instant), out timestamp);
            case string text:
                return TryReadText(text, out timestamp);
            default:
                timestamp = 0;
                return false;
        }
    }

    private static bool TryReadInstant(DateTimeOffset instant, out long timestamp)
    {
        timestamp = instant.ToUnixTimeSeconds();
        return instant.UtcTicks % TimeSpan.TicksPerSecond == 0;
    }

    private static bool TryReadText(string text, out long timestamp)
    {
        try
        {
            return TryReadInstant(UnixTime.Parse(text), out timestamp);
        }
        catch (FormatException)
        {
            timestamp = 0;
            return false;
        }
    }
}
