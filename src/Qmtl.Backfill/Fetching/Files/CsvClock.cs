using System.Globalization;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>
/// Reads times that stand in two columns of a file, a date and a time of day, and learns from all times of day of a file how their digits
/// are read: that is a scale, which makes digits of the form HHMMSS of them.
/// </summary>
/// <param name="isHour">Whether the column of the time of day says that it holds hours.</param>
internal sealed class CsvClock(bool isHour)
{
    /// <summary>Hour, minute and second: 090000, also 90000 and 0.</summary>
    public const int Seconds = 1;

    /// <summary>Hour and minute: 0900, also 900 and 0.</summary>
    private const int Minutes = 100;

    /// <summary>The hour alone, 0 to 23.</summary>
    private const int Hours = 10_000;

    private int _smallest = int.MaxValue;
    private int _largest = -1;
    private int _longest;

    /// <summary>How the digits are read, as far as all that were looked at tell.</summary>
    public int Scale => (_largest, _longest) switch
    {
        ( > 2359, _) or (_, > 4) => Seconds,
        (_, > 2) => Minutes,

        // A 24 among hours is none, and makes no minutes of the others.
        _ when isHour => Hours,
        ( > 23, _) => Minutes,
        _ => Seconds,
    };

    /// <summary>
    /// Why nothing tells 9 o'clock from nine minutes past midnight, or the first hour from the second; null where something does.
    /// </summary>
    public string? DoubtAbout(string column) => (isHour, _smallest, _largest, _longest) switch
    {
        (false, _, > 0 and <= 24, <= 2) =>
            $"the times of day in {column} can be hours, minutes or seconds. Write them as 09:00, or name the column Hour.",
        (true, > 0, 24, <= 2) =>
            $"the hours in {column} go to 24 and have no 0, so 1 can be the hour from 00:00 on or the one from 01:00 on. "
            + "Write the hour of the bar's open, 0 to 23.",
        _ => null,
    };

    /// <summary>Takes a time of day into account.</summary>
    public void LookAt(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan().Trim();
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            _smallest = Math.Min(_smallest, number);
            _largest = Math.Max(_largest, number);
            _longest = Math.Max(_longest, digits.Length);
        }
    }

    /// <summary>
    /// Whether the text can be a time of day and nothing else: 09:00, 090000, or in a column of hours 9. One that cannot be read, as
    /// 09:00 PM, is one too: without it, a date would stand for all of its day.
    /// </summary>
    public static bool IsTimeOfDay(string text, bool isHour)
    {
        ReadOnlySpan<char> clock = text.AsSpan().Trim();
        return (clock.IndexOf(':') is 1 or 2 && char.IsAsciiDigit(clock[0]))
            || (isHour ? TryReadTime(text, Hours, out _) || TryReadTime(text, Minutes, out _) : TryReadTime(text, Seconds, out _));
    }

    /// <summary>Reads a date and a time of day as one time, Unix seconds and a rest.</summary>
    public static bool TryRead(string date, string time, int scale, out long timestamp, out int nanoseconds)
    {
        nanoseconds = 0;
        if (!TryReadDate(date.Trim(), out timestamp) || !TryReadTime(time, scale, out TimeSpan clock))
        {
            return false;
        }

        timestamp += clock.Ticks / TimeSpan.TicksPerSecond;
        nanoseconds = (int)(clock.Ticks % TimeSpan.TicksPerSecond) * 100;
        return true;
    }

    // 2024-01-02, 20240102, or one of them with the time 00:00; what is written otherwise has become so by now.
    private static bool TryReadDate(string date, out long midnight) =>
        TimestampValue.TryRead(date, out midnight) && midnight % 86_400 == 0 && date.Length is 8 or >= 10;

    // 9:00, 09:00:00, 09:00:00.000, or digits.
    private static bool TryReadTime(string text, int scale, out TimeSpan time)
    {
        string clock = text.Trim();
        if (clock.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(clock, CultureInfo.InvariantCulture, out time)
                && time >= TimeSpan.Zero && time < TimeSpan.FromDays(1) && char.IsAsciiDigit(clock[0]);
        }

        bool isNumber = int.TryParse(clock, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && clock.Length <= 6;
        long digits = (long)number * scale;
        (int hour, int minute, int second) = ((int)(digits / 10_000), (int)(digits / 100 % 100), (int)(digits % 100));
        bool isTime = isNumber && hour < 24 && minute < 60 && second < 60;
        time = isTime ? new TimeSpan(hour, minute, second) : default;
        return isTime;
    }
}
