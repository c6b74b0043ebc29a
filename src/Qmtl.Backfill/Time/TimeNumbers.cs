using System.Globalization;

namespace Qmtl.Time;

/// <summary>
/// The one rule for times from outside that are numbers: what they count is told by their size, for all numbers of an answer together.
/// It is looked at all of them first, and then each is read.
/// </summary>
/// <remarks>
/// Times of 1970 to 2099 in seconds, milliseconds, microseconds and nanoseconds hardly overlap: only the first 47 days of 1970 have
/// numbers that the next smaller unit has, too. Where an answer consists of nothing but numbers such as 20231113, these are dates.
/// </remarks>
internal sealed class TimeNumbers
{
    // As Unix seconds, the end of the year 2099; times a thousand it is that in milliseconds, and so on.
    private const long LastSecond = 4_102_444_799;

    // The third of March 1973. Bars of earlier times are rare, joined files of several units are not.
    private const long EarlySecond = 100_000_000;

    private static readonly long[] Scales = [1, 1_000, 1_000_000, 1_000_000_000];
    private static readonly string[] UnitNames = ["seconds", "milliseconds", "microseconds", "nanoseconds"];

    private readonly long[] _counts = new long[Scales.Length];
    private readonly long[] _examples = new long[Scales.Length];
    private readonly bool[] _early = new bool[Scales.Length];
    private (long Count, long Example) _dates;
    private (long Count, long Example) _others;

    /// <summary>Whether they count several units, each read by its size.</summary>
    public bool AreOfSeveralUnits => _counts.Count(count => count > 0) > 1 && Reading is { IsDate: false, SmallestUnit: 0 };

    /// <summary>
    /// Why the numbers cannot be read, a sentence's end after "The times in …": most are dates, and others are not, so that one rule reads
    /// either wrongly. Null where they can. A single date among others may be a number that looks like one.
    /// </summary>
    public string? Mixture => _dates.Count >= 2 && _others.Count > 0 && _dates.Count >= _others.Count
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"are of two kinds: dates in digits, such as {_dates.Example} ({_dates.Count} of them), "
            + $"and others, such as {_others.Example} ({_others.Count}). Write all as dates or all as Unix seconds, and leave out what is "
            + $"no bar.")
        : null;

    /// <summary>How to read the numbers, as far as all that were looked at tell.</summary>
    public TimeReading Reading
    {
        get
        {
            int most = MostFrequent;

            // A series that begins in 1970 has small numbers, which by their size alone would lie in a later year.
            bool began = Array.IndexOf(_early, true, 0, most) >= 0;
            return new TimeReading(_dates.Count > 0 && _others.Count == 0, began ? most : 0);
        }
    }

    /// <summary>The unit that most numbers have: 0 for seconds, 1 for milliseconds, and so on.</summary>
    public int MostFrequent => Array.LastIndexOf(_counts, _counts.Max()) is var most && _counts[most] > 0 ? most : 0;

    /// <summary>Whether there was any.</summary>
    public bool HasAny => _dates.Count + _others.Count > 0;

    /// <summary>How most numbers are written, for people, such as <c>Unix seconds</c>.</summary>
    public string Format => Reading.IsDate
        ? "dates in digits"
        : $"{(AreOfSeveralUnits ? "mostly " : string.Empty)}Unix {UnitNames[MostFrequent]}";

    /// <summary>Takes a number into account; false where it cannot be a time.</summary>
    public bool LookAt(long number)
    {
        if (number == long.MinValue || UnitOf(number) is not { } unit)
        {
            return false;
        }

        ref (long Count, long Example) kind = ref TryReadDate(number, out _) ? ref _dates : ref _others;
        kind = (kind.Count + 1, kind.Count == 0 ? number : kind.Example);
        if (number != 0)
        {
            _examples[unit] = _counts[unit]++ == 0 ? number : _examples[unit];
            _early[unit] |= Math.Abs(number) / Scales[unit] < EarlySecond;
        }

        return true;
    }

    /// <summary>
    /// What an operator should know of how the numbers are read, a sentence without its end; null where they are plain Unix seconds.
    /// </summary>
    public string? Describe()
    {
        if (!HasAny)
        {
            return null;
        }

        TimeReading reading = Reading;
        int[] units = [.. Enumerable.Range(0, Scales.Length).Where(unit => _counts[unit] > 0)];
        string examples = string.Join(" and ", units.Select(unit => Example(reading, _examples[unit])));
        return reading switch
        {
            { IsDate: true } => $"its times are read as dates ({examples})",
            _ when AreOfSeveralUnits =>
                $"its times are in Unix {string.Join(" and ", units.Select(unit => UnitNames[unit]))}, each read by its size ({examples}); "
                    + $"give all in one unit",
            _ when units.Length > 0 && units[^1] > 0 => $"its times are read as Unix {UnitNames[units[^1]]} ({examples})",
            _ => null,
        };
    }

    /// <summary>Whether a number that has to be Unix seconds counts something smaller, and if so, a sentence that says what.</summary>
    public static string? ComplaintOf(long seconds) => seconds != long.MinValue && UnitOf(seconds) is > 0 and { } unit
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{seconds} would be after the year 2099 as Unix seconds; as Unix {UnitNames[unit]} it is "
                + $"{UnixTime.Format(seconds / Scales[unit])}. Divide it by {Scales[unit]}.")
        : null;

    /// <summary>Reads digits that are a date (20231113), one with a minute (202311130930) or with a second, from 1900 to 2099.</summary>
    public static bool TryReadDate(long number, out long timestamp)
    {
        string? form = number switch
        {
            >= 1900_01_01 and <= 2099_12_31 => "yyyyMMdd",
            >= 1900_01_01_00_00 and <= 2099_12_31_23_59 => "yyyyMMddHHmm",
            >= 1900_01_01_00_00_00 and <= 2099_12_31_23_59_59 => "yyyyMMddHHmmss",
            _ => null,
        };
        timestamp = 0;
        if (form is null
            || !DateTime.TryParseExact(
                number.ToString(CultureInfo.InvariantCulture), form, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime date))
        {
            return false;
        }

        timestamp = UnixTime.FromDateTime(date).ToUnixTimeSeconds();
        return true;
    }

    /// <summary>The unit by which a number is a time of 1970 to 2099, or as far before 1970; null where it is no time.</summary>
    public static int? UnitOf(long number)
    {
        long size = Math.Abs(number);
        for (int unit = 0; unit < Scales.Length; unit++)
        {
            if (size <= (LastSecond * Scales[unit]) + (Scales[unit] - 1))
            {
                return unit;
            }
        }

        return null;
    }

    /// <summary>Reads a number that counts the unit.</summary>
    public static (long Seconds, int Nanoseconds) Split(long number, int unit)
    {
        long seconds = Math.DivRem(number, Scales[unit], out long rest);
        (seconds, rest) = rest < 0 ? (seconds - 1, rest + Scales[unit]) : (seconds, rest);
        return (seconds, (int)(rest * (Scales[^1] / Scales[unit])));
    }

    private static string Example(TimeReading reading, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} is {UnixTime.Format(reading.Read(number).Seconds)}");
}

/// <summary>How the numbers of an answer are read as times.</summary>
/// <param name="IsDate">Whether their digits are those of a date.</param>
/// <param name="SmallestUnit">The unit that even a small number has, 0 for seconds: numbers count this unit, or a smaller one where they
/// are too large for it.</param>
internal readonly record struct TimeReading(bool IsDate, int SmallestUnit)
{
    /// <summary>The unit of a number, 0 for seconds; not for dates.</summary>
    public int UnitOf(long number) => Math.Max(TimeNumbers.UnitOf(number) ?? 0, SmallestUnit);

    /// <summary>Reads a number that was looked at.</summary>
    public (long Seconds, int Nanoseconds) Read(long number) =>
        IsDate && TimeNumbers.TryReadDate(number, out long date) ? (date, 0) : TimeNumbers.Split(number, UnitOf(number));
}
