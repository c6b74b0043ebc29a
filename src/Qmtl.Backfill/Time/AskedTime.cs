using System.Globalization;

namespace Qmtl.Time;

/// <summary>A time as an operator asks for it: a moment, so long ago, or a day.</summary>
internal static class AskedTime
{
    private static readonly string[] Days = ["yyyy-MM-dd", "yyyy-M-d", "yyyy-MM-dd'Z'"];

    /// <summary>
    /// Reads what <see cref="UnixTime.Parse"/> reads, and a length of time with a minus (<c>-7d</c>, <c>-12h</c>, <c>-3M</c>) for so long
    /// before <paramref name="now"/>.
    /// </summary>
    /// <param name="text">What was written.</param>
    /// <param name="now">The time of day.</param>
    /// <param name="isEnd">Whether it is the last instant of a range: a date without a time then is its last second.</param>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now, bool isEnd = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        string plain = text.Trim();
        if (plain.StartsWith('-') && !long.TryParse(plain, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            && BarInterval.TryParse(plain[1..], out BarInterval ago))
        {
            return Before(now, ago);
        }

        return DateOnly.TryParseExact(plain, Days, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day)
            ? Of(day, isEnd)
            : UnixTime.Parse(text);
    }

    /// <summary>The first second of a day in UTC, or its last where it ends a range.</summary>
    public static DateTimeOffset Of(DateOnly day, bool isEnd) =>
        new(day.ToDateTime(isEnd ? new TimeOnly(23, 59, 59) : TimeOnly.MinValue), TimeSpan.Zero);

    /// <summary>The instant so long before another; months are calendar months.</summary>
    /// <exception cref="FormatException">That would be before the year 1.</exception>
    public static DateTimeOffset Before(DateTimeOffset instant, BarInterval length)
    {
        try
        {
            return length.IsFixed ? instant - length.Duration : instant.AddMonths(-length.Months);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new FormatException($"{length} before {UnixTime.Format(instant.ToUnixTimeSeconds())} is before the year 1.");
        }
    }
}

/// <summary>How much of a stream's end, or beginning, is asked for: so many bars, or so long a time.</summary>
/// <param name="Bars">The number of bars; null where it is a time.</param>
/// <param name="Time">The length of time.</param>
internal readonly record struct AskedSpan(int? Bars, BarInterval Time)
{
    /// <summary>Reads a whole number of bars (<c>100</c>), or a length of time (<c>30d</c>, <c>12h</c>, <c>3M</c>).</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static AskedSpan Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int bars) && bars > 0)
        {
            return new AskedSpan(bars, default);
        }

        return BarInterval.TryParse(text, out BarInterval time) && !text.Contains('@')
            ? new AskedSpan(null, time)
            : throw new FormatException(
                $"'{text}' is neither a number of bars nor a length of time. Write 100, or 30d, 12h, 90m, 3M (calendar months).");
    }

    /// <summary>The open of the first bar where the last is the one that opens at or before <paramref name="end"/>.</summary>
    /// <param name="interval">The stream's interval.</param>
    /// <param name="end">The last instant; null for the last bar that has closed.</param>
    /// <param name="now">The time of day; bars that have not closed do not count.</param>
    public DateTimeOffset StartOf(BarInterval interval, DateTimeOffset? end, DateTimeOffset now)
    {
        long last = interval.LastClosedBar(now);
        last = end is { } given ? Math.Min(interval.Floor(given.ToUnixTimeSeconds()), last) : last;
        return Bars is { } bars
            ? UnixTime.FromSeconds(interval.Add(last, 1 - (long)bars))
            : AskedTime.Before(UnixTime.FromSeconds(interval.Next(last)), Time);
    }

    /// <summary>How long that is of bars of <paramref name="interval"/>; calendar months count with their mean.</summary>
    /// <exception cref="FormatException">It is longer than there is time.</exception>
    public TimeSpan LengthOf(BarInterval interval)
    {
        try
        {
            return Bars is { } bars ? bars * interval.Duration : Time.Duration;
        }
        catch (OverflowException)
        {
            throw new FormatException($"{Bars} bars of {interval} are longer than there is time.");
        }
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Bars?.ToString(CultureInfo.InvariantCulture) ?? Time.ToString();
}
