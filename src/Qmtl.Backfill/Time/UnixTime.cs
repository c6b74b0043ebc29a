using System.Globalization;

namespace Qmtl.Time;

/// <summary>Reads and writes instants as people write them; inside, an instant is a <see cref="long"/> of Unix seconds, UTC.</summary>
public static class UnixTime
{
    private static readonly long Earliest = DateTimeOffset.MinValue.ToUnixTimeSeconds();
    private static readonly long Latest = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>
    /// Reads an instant: ISO 8601 (<c>2024-01-31</c>, <c>2024-01-31T09:30:00Z</c>, with or without an offset; without one it
    /// is UTC), or Unix seconds as a whole number.
    /// </summary>
    /// <returns>The instant with offset zero.</returns>
    /// <exception cref="FormatException">The text is neither, or a number that <see cref="FromNumber"/> refuses. The message names the
    /// value and the way out.</exception>
    public static DateTimeOffset Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (long.TryParse(
                text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture,
                out long seconds))
        {
            return FromNumber(seconds);
        }

        return TryParseIso(text, out DateTimeOffset instant)
            ? instant
            : throw new FormatException(
                $"'{text}' is not a time. Write ISO 8601, for example 2024-01-31 or 2024-01-31T09:30:00Z (UTC unless an offset is given), "
                    + $"or Unix seconds.");
    }

    /// <summary>The instant that a person means by a whole number: Unix seconds, unless its digits are those of a date.</summary>
    /// <exception cref="FormatException">
    /// The number looks like a year (2024), a month (202401) or a day (20240131) from 1900 to 2099, which as Unix seconds would be in 1970,
    /// or <see cref="FromSeconds"/> refuses it. The message names the value and the way out.
    /// </exception>
    public static DateTimeOffset FromNumber(long number) => ReadAsDate(number) is { } date
        ? throw new FormatException(string.Create(
            CultureInfo.InvariantCulture,
            $"{number} could be a date as well as Unix seconds. Write {date:yyyy-MM-dd} for the date, or {Format(number)} for these "
                + $"seconds."))
        : FromSeconds(number);

    /// <summary>The instant <paramref name="seconds"/> after the Unix epoch, with offset zero.</summary>
    /// <exception cref="FormatException">The number is no Unix seconds of the years 1 to 9999; where it looks like milliseconds,
    /// microseconds or nanoseconds the message says so.</exception>
    public static DateTimeOffset FromSeconds(long seconds)
    {
        if (seconds < Earliest || seconds > Latest)
        {
            throw new FormatException(
                $"{seconds.ToString(CultureInfo.InvariantCulture)} is not a time in Unix seconds (it is "
                    + $"{(seconds < 0 ? "before the year 1" : "beyond the year 9999")}). If it counts milliseconds, microseconds or "
                    + $"nanoseconds, divide it first.");
        }

        return DateTimeOffset.FromUnixTimeSeconds(seconds);
    }

    /// <summary>Refuses a number that cannot be a bar's time in Unix seconds, because it is milliseconds or smaller units.</summary>
    /// <exception cref="ArgumentException">The number would be after the year 2099. The message names the unit that it looks
    /// like.</exception>
    public static void RequireSeconds(long timestamp)
    {
        if (TimeNumbers.ComplaintOf(timestamp) is { } complaint)
        {
            throw new ArgumentException(complaint, nameof(timestamp));
        }
    }

    /// <summary>
    /// The instant a <see cref="DateTime"/> means: one of kind <see cref="DateTimeKind.Local"/> is converted, any other is taken as UTC.
    /// </summary>
    public static DateTimeOffset FromDateTime(DateTime value) => value.Kind == DateTimeKind.Local
        ? new DateTimeOffset(value).ToUniversalTime()
        : new DateTimeOffset(DateTime.SpecifyKind(value, DateTimeKind.Utc));

    /// <summary>
    /// ISO 8601 in UTC with seconds, for example <c>2024-01-31T09:30:00Z</c>; a number where no calendar date is that far out.
    /// </summary>
    public static string Format(long seconds) => seconds >= Earliest && seconds <= Latest
        ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : seconds.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads ISO 8601 with a year of four digits first; UTC where it has no offset.</summary>
    internal static bool TryParseIso(string text, out DateTimeOffset instant)
    {
        bool isTime = DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces, out instant)
            && StartsWithYear(text);
        instant = isTime ? instant.ToUniversalTime() : default;
        return isTime;
    }

    // The framework also reads 10:30 (today), 1.5 (the fifth of January of this year) and 01/02/2024 (of two meanings).
    private static bool StartsWithYear(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart();
        return start.Length > 5 && start[4] == '-' && !start[..4].ContainsAnyExceptInRange('0', '9');
    }

    // As Unix seconds, 2024 and 20240131 would ask for every bar since 1970, which nobody means who writes them.
    private static DateOnly? ReadAsDate(long number)
    {
        long day = number switch
        {
            >= 1900_01_01 and <= 2099_12_31 => number,
            >= 1900_01 and <= 2099_12 => number * 100 + 1,
            >= 1900 and <= 2099 => number * 10_000 + 101,
            _ => 0,
        };
        string digits = day.ToString(CultureInfo.InvariantCulture);
        return DateOnly.TryParseExact(digits, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date)
            ? date
            : null;
    }
}
