using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Qmtl.Time;

/// <summary>
/// The fixed length of a bar, in whole seconds, and the grid its bars open on.
/// </summary>
/// <remarks>
/// Bars of an interval open at multiples of it since the Unix epoch (UTC), except that intervals of whole weeks
/// open on Monday 00:00 UTC, as exchanges' weekly bars do (the epoch itself was a Thursday).
/// </remarks>
public readonly struct BarInterval : IEquatable<BarInterval>, IComparable<BarInterval>, IParsable<BarInterval>
{
    private const long Minute = 60;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;
    private const long Week = 7 * Day;

    // 1970-01-05T00:00:00Z, the first Monday after the epoch.
    private const long FirstMonday = 4 * Day;

    // Stores keep the interval in a 32-bit column, as the reference's tables do.
    private const long Longest = int.MaxValue;

    // Both fit into 32 bits, so that an interval is no larger than a number and a step is one addition.
    private readonly int _seconds;

    // Unix seconds of one bar's open on the grid, the smallest that is not negative.
    private readonly int _anchor;

    private BarInterval(long seconds)
    {
        _seconds = (int)seconds;
        _anchor = seconds % Week == 0 ? (int)(FirstMonday % seconds) : 0;
    }

    /// <summary>The length of a bar in seconds; at least 1.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(BarInterval)</c>, which no bar has.</exception>
    public long Seconds => Step;

    /// <summary>The length of a bar as a <see cref="TimeSpan"/>.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds(Step);

    /// <summary>The number by which tables, journals, logs and messages name the interval: its seconds.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default(BarInterval)</c>, which no bar has.</exception>
    public int Number => (int)Step;

    private long Step => _seconds != 0 ? _seconds : throw NeverSet();

    /// <summary>The interval of <paramref name="seconds"/> seconds.</summary>
    /// <param name="seconds">Length of a bar in seconds, from 1 to 2,147,483,647.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or too long.</exception>
    public static BarInterval FromSeconds(long seconds) => seconds switch
    {
        <= 0 => throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "A bar interval is at least one second, for example 60, 1m or 1h."),
        > Longest => throw new ArgumentOutOfRangeException(nameof(seconds), seconds, $"A bar interval is at most {Longest} seconds."),
        _ => new BarInterval(seconds),
    };

    /// <summary>The interval as long as <paramref name="duration"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The duration is zero, negative, too long, or has a fraction of a second.</exception>
    public static BarInterval FromTimeSpan(TimeSpan duration) => duration.Ticks % TimeSpan.TicksPerSecond == 0
        ? FromSeconds(duration.Ticks / TimeSpan.TicksPerSecond)
        : throw new ArgumentOutOfRangeException(nameof(duration), duration, "A bar interval is a whole number of seconds.");

    /// <summary>
    /// Reads an interval: whole seconds (<c>60</c>), a number with a unit (<c>60s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>,
    /// <c>1w</c>), or a <see cref="TimeSpan"/> (<c>00:05:00</c>).
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
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BarInterval result) => TryParse(s, out result);

    /// <summary>The interval that <see cref="Number"/> names.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No interval has that number.</exception>
    public static BarInterval FromNumber(long number) => FromSeconds(number);

    /// <summary>The open of the bar that holds <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public long Floor(long timestamp)
    {
        long sinceOpen = (timestamp - _anchor) % Step;
        return timestamp - (sinceOpen < 0 ? sinceOpen + _seconds : sinceOpen);
    }

    /// <summary>The open of the first bar that opens at or after <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public long Ceiling(long timestamp)
    {
        long floor = Floor(timestamp);
        return floor == timestamp ? timestamp : Next(floor);
    }

    /// <summary>Whether a bar of this interval opens at <paramref name="timestamp"/> (Unix seconds, UTC).</summary>
    public bool IsOnGrid(long timestamp) => Floor(timestamp) == timestamp;

    /// <summary>The open of the bar after the one that opens at <paramref name="open"/>: the instant at which that one closes.</summary>
    public long Next(long open) => open + Step;

    /// <summary>The open of the bar before the one that opens at <paramref name="open"/>.</summary>
    public long Previous(long open) => open - Step;

    /// <summary>The open of the bar <paramref name="bars"/> bars after the one of <paramref name="open"/>, or before it where that is negative.</summary>
    public long Add(long open, long bars) => open + (bars * Step);

    /// <summary>How many bars open from <paramref name="first"/> to <paramref name="last"/>, which are opens, both counted.</summary>
    public long CountBetween(long first, long last) => ((last - first) / Step) + 1;

    /// <summary>Whether each bar is made of whole bars of <paramref name="shorter"/>.</summary>
    public bool IsMadeOf(BarInterval shorter) => Step % shorter.Step == 0;

    /// <summary>The bars of a whole range as the time that they take: from the open of its first to the last second of its last.</summary>
    /// <param name="bars">A range whose ends are on the grid.</param>
    public TimeRange TimeOf(TimeRange bars) => new(bars.Start, Next(bars.End) - 1);

    /// <summary>
    /// The open of the last bar that has closed at <paramref name="now"/> (Unix seconds, UTC): a bar closes when its
    /// interval has passed, so a bar that is still forming is never named.
    /// </summary>
    public long LastClosedBar(long now) => Previous(Floor(now));

    /// <inheritdoc cref="LastClosedBar(long)"/>
    public long LastClosedBar(DateTimeOffset now) => LastClosedBar(now.ToUnixTimeSeconds());

    /// <summary>The shortest form that <see cref="Parse(string)"/> reads back: 60 seconds are <c>1m</c>, 90 are <c>90s</c>.</summary>
    public override string ToString()
    {
        long seconds = _seconds;
        (long count, char unit) = seconds switch
        {
            0 => (0, 's'),
            _ when seconds % Week == 0 => (seconds / Week, 'w'),
            _ when seconds % Day == 0 => (seconds / Day, 'd'),
            _ when seconds % Hour == 0 => (seconds / Hour, 'h'),
            _ when seconds % Minute == 0 => (seconds / Minute, 'm'),
            _ => (seconds, 's'),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
    }

    /// <inheritdoc/>
    public bool Equals(BarInterval other) => _seconds == other._seconds;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BarInterval other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _seconds.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(BarInterval other) => _seconds.CompareTo(other._seconds);

    /// <summary>Whether both are as long.</summary>
    public static bool operator ==(BarInterval left, BarInterval right) => left.Equals(right);

    /// <summary>Whether they differ in length.</summary>
    public static bool operator !=(BarInterval left, BarInterval right) => !left.Equals(right);

    /// <summary>Whether the left is shorter.</summary>
    public static bool operator <(BarInterval left, BarInterval right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left is longer.</summary>
    public static bool operator >(BarInterval left, BarInterval right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left is not longer.</summary>
    public static bool operator <=(BarInterval left, BarInterval right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left is not shorter.</summary>
    public static bool operator >=(BarInterval left, BarInterval right) => left.CompareTo(right) >= 0;

    private static InvalidOperationException NeverSet() =>
        new("This bar interval was never set. Use BarInterval.Parse or BarInterval.FromSeconds.");

    private static bool TryParse(string text, out BarInterval interval, [NotNullWhen(false)] out string? problem)
    {
        interval = default;
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
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
            _ => 0,
        };
        if (!trimmed.IsEmpty && trimmed[^1] == 'M')
        {
            problem = $"'{text}' is not a bar interval: a month has no fixed length, so its bars have no grid. Use days or weeks, for example 1d or 1w (minutes are a small m).";
            return false;
        }

        ReadOnlySpan<char> digits = unit != 0 && !char.IsAsciiDigit(trimmed[^1]) ? trimmed[..^1] : trimmed;
        if (unit == 0 || !long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long count))
        {
            problem = $"'{text}' is not a bar interval. Write seconds (60), a number with s, m, h, d or w (1m, 4h, 1d), or a time span (00:05:00).";
            return false;
        }

        if (count <= 0 || count > Longest / unit)
        {
            problem = $"'{text}' is not a bar interval: it must be from 1 to {Longest} seconds long.";
            return false;
        }

        interval = new BarInterval(count * unit);
        problem = null;
        return true;
    }

    private static bool TryParseTimeSpan(string text, ReadOnlySpan<char> trimmed, out BarInterval interval, [NotNullWhen(false)] out string? problem)
    {
        interval = default;
        if (!trimmed.Contains(':') || !TimeSpan.TryParse(trimmed, CultureInfo.InvariantCulture, out TimeSpan duration))
        {
            problem = $"'{text}' is not a bar interval. Write whole seconds (60), a number with s, m, h, d or w (1m, 4h, 1d), or a time span (00:05:00).";
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
