using System.Globalization;
using System.Text.RegularExpressions;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>How the digits of a time of day are read.</summary>
internal enum ClockDigits
{
    /// <summary>Hour, minute and second: 090000, also 90000 and 0.</summary>
    Seconds,

    /// <summary>Hour and minute: 0900, also 900 and 0.</summary>
    Minutes,

    /// <summary>The hour alone, 0 to 23.</summary>
    Hours,
}

/// <summary>Reads times that stand in two columns of a file, a date and a time of day.</summary>
internal static partial class CsvClock
{
    /// <summary>
    /// Whether the text can be a time of day and nothing else: 09:00, 090000, or in a column of hours 9. One that cannot be read, as
    /// 09:00 PM, is one too: without it, a date would stand for all of its day.
    /// </summary>
    public static bool IsTimeOfDay(string text, bool isHour) =>
        BeginsAsClock().IsMatch(text)
        || (isHour ? TryReadTime(text, ClockDigits.Hours, out _) || TryReadTime(text, ClockDigits.Minutes, out _)
        : text.Trim().Length is >= 1 and <= 6 && TryReadTime(text, ClockDigits.Seconds, out _));

    /// <summary>Reads a date: 2024-01-02, 2024.01.02, 2024/01/02, 20240102, or any of them with the time 00:00.</summary>
    public static bool TryReadDate(string text, out long midnight)
    {
        string date = text.Trim();
        if (date.Length >= 10)
        {
            // The form of ISO 8601: only the year comes first without doubt.
            date = DateSeparators().Replace(date[..10], "-") + date[10..];
        }

        return TimestampValue.TryRead(date, out midnight) && midnight % 86_400 == 0 && (date.Length == 8 || date.Length >= 10);
    }

    /// <summary>Reads a time of day: 9:00, 09:00:00, 09:00:00.000, or digits.</summary>
    public static bool TryReadTime(string text, ClockDigits digits, out TimeSpan time)
    {
        string clock = text.Trim();
        if (clock.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(clock, CultureInfo.InvariantCulture, out time) && time >= TimeSpan.Zero && time < TimeSpan.FromDays(1) && char.IsAsciiDigit(clock[0]);
        }

        time = default;
        if (clock.Length is 0 or > 6 || clock.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        int number = int.Parse(clock, CultureInfo.InvariantCulture);
        (int hour, int minute, int second) = digits switch
        {
            ClockDigits.Hours => (number, 0, 0),
            ClockDigits.Minutes => (number / 100, number % 100, 0),
            _ => (number / 10_000, number / 100 % 100, number % 100),
        };
        time = new TimeSpan(hour, minute, second);
        return hour < 24 && minute < 60 && second < 60;
    }

    [GeneratedRegex(@"^\s*\d{1,2}:", RegexOptions.CultureInvariant)]
    private static partial Regex BeginsAsClock();

    [GeneratedRegex("[./]", RegexOptions.CultureInvariant)]
    private static partial Regex DateSeparators();
}

/// <summary>Learns from all times of day of a file how their digits are to be read.</summary>
/// <param name="isHour">Whether the column says that it holds hours.</param>
internal sealed class ClockEvidence(bool isHour)
{
    private int _smallest = int.MaxValue;
    private int _largest = -1;
    private int _longest;

    /// <summary>How the digits are read, as far as all that were looked at tell.</summary>
    public ClockDigits Digits => (_largest, _longest) switch
    {
        ( > 2359, _) or (_, > 4) => ClockDigits.Seconds,
        (_, > 2) => ClockDigits.Minutes,

        // A 24 among hours is none, and makes no minutes of the others.
        _ when isHour => ClockDigits.Hours,
        ( > 23, _) => ClockDigits.Minutes,
        _ => ClockDigits.Seconds,
    };

    /// <summary>Why nothing tells 9 o'clock from nine minutes past midnight, or the first hour from the second; null where something does.</summary>
    public string? DoubtAbout(string column) => (isHour, _smallest, _largest, _longest) switch
    {
        (false, _, > 0 and <= 24, <= 2) => $"the times of day in {column} can be hours, minutes or seconds. Write them as 09:00, or name the column Hour.",
        (true, > 0, 24, <= 2) => $"the hours in {column} go to 24 and have no 0, so 1 can be the hour from 00:00 on or the one from 01:00 on. "
            + "Write the hour of the bar's open, 0 to 23.",
        _ => null,
    };

    /// <summary>Takes a time of day into account.</summary>
    public void LookAt(string text)
    {
        if (int.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            _smallest = Math.Min(_smallest, number);
            _largest = Math.Max(_largest, number);
            _longest = Math.Max(_longest, text.Trim().Length);
        }
    }
}
