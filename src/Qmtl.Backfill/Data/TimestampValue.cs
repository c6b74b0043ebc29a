using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>Reads a row's timestamp, whatever type the source gave it.</summary>
public static class TimestampValue
{
    // Doubles hold every whole number up to this one; past it, a timestamp may already have lost digits.
    private const double LargestExact = 9007199254740992;

    /// <summary>The same where only a whole second will do: an instant that is none is refused.</summary>
    public static bool TryRead(object? value, out long timestamp) => TryRead(value, out timestamp, out int nanoseconds) && nanoseconds == 0;

    /// <summary>
    /// Reads Unix seconds from a whole number of any numeric type, a <see cref="DateTimeOffset"/>, a <see cref="DateTime"/> (UTC unless
    /// it is local), or text with either. Of an instant that is no whole second, <paramref name="nanoseconds"/> is the rest (0 to 999,999,999).
    /// </summary>
    /// <returns>False where the value is null, a fractional number, or no time at all.</returns>
    public static bool TryRead(object? value, out long timestamp, out int nanoseconds)
    {
        nanoseconds = 0;
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
                return TryReadInstant(instant, out timestamp, out nanoseconds);
            case DateTime instant:
                return TryReadInstant(UnixTime.FromDateTime(instant), out timestamp, out nanoseconds);
            case string text:
                return TryReadText(text, out timestamp, out nanoseconds);
            default:
                timestamp = 0;
                return false;
        }
    }

    private static bool TryReadInstant(DateTimeOffset instant, out long timestamp, out int nanoseconds)
    {
        timestamp = instant.ToUnixTimeSeconds();
        nanoseconds = (int)(instant.UtcTicks % TimeSpan.TicksPerSecond) * 100;
        return true;
    }

    private static bool TryReadText(string text, out long timestamp, out int nanoseconds)
    {
        try
        {
            return TryReadInstant(UnixTime.Parse(text), out timestamp, out nanoseconds);
        }
        catch (FormatException)
        {
            (timestamp, nanoseconds) = (0, 0);
            return false;
        }
    }
}
