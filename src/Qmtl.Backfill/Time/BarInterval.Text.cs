using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Qmtl.Time;

// How people write intervals.
public readonly partial struct BarInterval
{
    private const char OffsetMark = '@';
    private const string Forms = "seconds (60), a number with s, m, h, d, w or M (1m, 4h, 1d, 1M), or a time span (00:05:00)";

    // From Monday on, as weeks are counted.
    private static readonly string[] Weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    /// <summary>
    /// Reads an interval: whole seconds (<c>60</c>), a number with a unit (<c>60s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>, <c>1w</c>, and a
    /// large <c>M</c> for calendar months: <c>1M</c>, <c>3M</c>), or a <see cref="TimeSpan"/> (<c>00:05:00</c>). Days and weeks may have
    /// the time at which they open (<c>1d@08:00</c>; <c>1w@Sun16:00</c>, Monday where no day is named).
    /// </summary>
    /// <exception cref="FormatException">The text is none of these. The message names the value, the rule and the way out.</exception>
    public static BarInterval Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out BarInterval interval, out string? problem) ? interval : throw new FormatException(problem);
    }

    /// <inheritdoc cref="Parse(string)"/>
    public static BarInterval Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <summary>Reads an interval as <see cref="Parse(string)"/> does, without throwing.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BarInterval interval)
    {
        interval = default;
        return text is not null && TryParse(text, out interval, out _);
    }

    /// <inheritdoc cref="TryParse(string?, out BarInterval)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BarInterval result) =>
        TryParse(s, out result);

    /// <summary>
    /// The shortest form that <see cref="Parse(string)"/> reads back: 60 seconds are <c>1m</c>, 90 are <c>90s</c>, 12 months <c>12M</c>.
    /// </summary>
    public override string ToString()
    {
        long seconds = Step;
        (long count, char unit) = seconds switch
        {
            0 => (0, 's'),
            < 0 => (-seconds, 'M'),
            _ when seconds % Week == 0 => (seconds / Week, 'w'),
            _ when seconds % Day == 0 => (seconds / Day, 'd'),
            _ when seconds % Hour == 0 => (seconds / Hour, 'h'),
            _ when seconds % Minute == 0 => (seconds / Minute, 'm'),
            _ => (seconds, 's'),
        };
        string length = string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
        if (seconds <= 0 || Offset == 0)
        {
            return length;
        }

        string time = string.Create(CultureInfo.InvariantCulture, $"{Offset % Day / Hour:00}:00");
        return (Offset / Day, Offset % Day) switch
        {
            (0, _) => $"{length}{OffsetMark}{time}",
            (var day, 0) => $"{length}{OffsetMark}{Weekdays[day]}",
            (var day, _) => $"{length}{OffsetMark}{Weekdays[day]}{time}",
        };
    }

    /// <summary>When bars open, as a sentence without its subject: <c>open on the 1st, 00:00 UTC</c>.</summary>
    internal string DescribeGrid() => Step switch
    {
        -1 => "open on the 1st, 00:00 UTC",
        < 0 => $"open on the 1st, 00:00 UTC, every {Months} months from January 1970 on",
        _ when Step % Week == 0 =>
            string.Create(CultureInfo.InvariantCulture, $"open {(DayOfWeek)((1 + (Offset / Day)) % 7)} {Offset % Day / Hour:00}:00 UTC"),
        _ => $"open every {new BarInterval(Step)} from {UnixTime.Format(Anchor % Day)} on",
    };

    /// <summary>
    /// The interval of this length, a day or a week, one of whose bars opens at the instant (Unix seconds, UTC); null where there is none.
    /// </summary>
    internal BarInterval? OpeningAt(long timestamp)
    {
        if (Step is not ((int)Day or (int)Week))
        {
            return null;
        }

        var usual = new BarInterval(Step);
        return usual.IsOnGrid(timestamp) ? usual : TryDelay(timestamp - usual.Floor(timestamp));
    }

    private static bool TryParse(string text, out BarInterval interval, [NotNullWhen(false)] out string? problem)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        int mark = trimmed.IndexOf(OffsetMark);
        if (!TryParseLength(text, mark < 0 ? trimmed : trimmed[..mark], out interval, out problem) || mark < 0)
        {
            return problem is null;
        }

        if (ReadOffset(trimmed[(mark + 1)..]) is { } offset && (offset == 0 ? interval : interval.TryDelay(offset)) is { } delayed)
        {
            interval = delayed;
            return true;
        }

        interval = default;
        problem =
            $"'{text}' is not a bar interval: after {OffsetMark} stands the whole hour at which days or weeks open, 1d@08:00 or "
                + $"1w@Sun16:00.";
        return false;
    }

    // Seconds after Monday, or after midnight; null where it is no day and hour.
    private static long? ReadOffset(ReadOnlySpan<char> text)
    {
        int day = 0;
        if (text.Length >= 3 && char.IsAsciiLetter(text[0]))
        {
            string name = text[..3].ToString();
            day = Array.FindIndex(Weekdays, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
            text = text[3..];
            if (day < 0 || text.IsEmpty)
            {
                return day < 0 ? null : day * Day;
            }
        }

        return TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time)
            && time.Minute == 0
            ? (day * Day) + (time.Hour * Hour)
            : null;
    }

    private static bool TryParseLength(string text, ReadOnlySpan<char> trimmed, out BarInterval interval, out string? problem)
    {
        interval = default;
        if (trimmed.Contains(':') || trimmed.Contains('.'))
        {
            return TryParseTimeSpan(text, trimmed, out interval, out problem);
        }

        long unit = trimmed.IsEmpty ? 0 : trimmed[^1] switch
        {
            's' or 'S' or (>= '0' and <= '9') => 1,
            'm' => Minute,
            'h' or 'H' => Hour,
            'd' or 'D' => Day,
            'w' or 'W' => Week,
            'M' => -1,
            _ => 0,
        };
        ReadOnlySpan<char> digits = unit != 0 && !char.IsAsciiDigit(trimmed[^1]) ? trimmed[..^1] : trimmed;
        if (unit == 0 || !long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long count))
        {
            problem = $"'{text}' is not a bar interval. Write {Forms}.";
            return false;
        }

        if (count <= 0 || count > (unit < 0 ? MostMonths : Longest / unit))
        {
            problem = unit < 0
                ? $"'{text}' is not a bar interval: it must be from 1 to {MostMonths} calendar months long (minutes are a small m)."
                : $"'{text}' is not a bar interval: it must be from 1 to {Longest} seconds long.";
            return false;
        }

        interval = new BarInterval(count * unit);
        problem = null;
        return true;
    }

    private static bool TryParseTimeSpan(string text, ReadOnlySpan<char> trimmed, out BarInterval interval, out string? problem)
    {
        interval = default;
        if (!trimmed.Contains(':') || !TimeSpan.TryParse(trimmed, CultureInfo.InvariantCulture, out TimeSpan duration))
        {
            problem = $"'{text}' is not a bar interval. Write whole {Forms}.";
            return false;
        }

        if (duration <= TimeSpan.Zero || duration.Ticks % TimeSpan.TicksPerSecond != 0 || duration.TotalSeconds > Longest)
        {
            problem = $"'{text}' is not a bar interval: it must be a whole number of seconds, from 1 to {Longest}.";
            return false;
        }

        interval = FromTimeSpan(duration);
        problem = null;
        return true;
    }
}
