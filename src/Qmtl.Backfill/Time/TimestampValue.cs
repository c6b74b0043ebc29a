using System.Globalization;
using System.Text.RegularExpressions;

namespace Qmtl.Time;

/// <summary>Reads a row's timestamp, whatever type the source gave it.</summary>
public static partial class TimestampValue
{
    // Doubles hold every whole number up to this one; past it, a timestamp may already have lost digits. Nanoseconds are
    // past it, too, but those of a whole second are multiples of 512, which doubles hold there.
    private const double LargestExact = 9007199254740992;

    /// <summary>What a value is as a time.</summary>
    internal enum Kind
    {
        /// <summary>No time at all.</summary>
        None,

        /// <summary>A number, whose unit the others of its answer tell with it.</summary>
        Number,

        /// <summary>An instant.</summary>
        Instant,

        /// <summary>An instant that says nothing of its offset, and is taken as UTC.</summary>
        WithoutOffset,
    }

    /// <summary>The same where only a whole second will do: any other instant is refused.</summary>
    public static bool TryRead(object? value, out long timestamp) => TryRead(value, out timestamp, out int nanoseconds) && nanoseconds == 0;

    /// <summary>
    /// Reads one time that stands alone: a whole number of any numeric type, a <see cref="DateTimeOffset"/>, a <see cref="DateTime"/> (UTC
    /// unless it is local), a <see cref="DateOnly"/>, or text with any of these. A number is Unix seconds, milliseconds, microseconds or
    /// nanoseconds by its size, or a date by its digits (20231113). Of an instant that is no whole second, <paramref name="nanoseconds"/>
    /// is the rest (0 to 999,999,999).
    /// </summary>
    /// <returns>False where the value is null, a fractional number, or no time at all.</returns>
    public static bool TryRead(object? value, out long timestamp, out int nanoseconds)
    {
        var numbers = new TimeNumbers();
        switch (Look(value, out timestamp, out nanoseconds))
        {
            case Kind.None:
            case Kind.Number when !numbers.LookAt(timestamp):
                (timestamp, nanoseconds) = (0, 0);
                return false;
            case Kind.Number:
                (timestamp, nanoseconds) = numbers.Reading.Read(timestamp);
                return true;
            default:
                return true;
        }
    }

    /// <summary>Reads an instant as Unix seconds and a rest, or a number as it is.</summary>
    internal static Kind Look(object? value, out long number, out int nanoseconds)
    {
        nanoseconds = 0;
        switch (value)
        {
            case long whole:
                number = whole;
                return Kind.Number;
            case int or short or ushort or byte or sbyte or uint:
                number = Convert.ToInt64(value, CultureInfo.InvariantCulture);
                return Kind.Number;
            case ulong whole and <= long.MaxValue:
                number = (long)whole;
                return Kind.Number;
            case double whole when double.IsInteger(whole) && (Math.Abs(whole) <= LargestExact || IsNanoseconds(whole)):
                number = (long)whole;
                return Kind.Number;
            case float whole when float.IsInteger(whole) && Math.Abs(whole) <= 16777216:
                number = (long)whole;
                return Kind.Number;
            case decimal whole when decimal.IsInteger(whole) && Math.Abs(whole) <= long.MaxValue:
                number = (long)whole;
                return Kind.Number;
            case DateTimeOffset instant:
                return Take(instant, Kind.Instant, out number, out nanoseconds);
            case DateTime instant:
                return Take(
                    UnixTime.FromDateTime(instant),
                    instant.Kind == DateTimeKind.Unspecified ? Kind.WithoutOffset : Kind.Instant,
                    out number,
                    out nanoseconds);
            case DateOnly date:
                return Take(UnixTime.FromDateTime(date.ToDateTime(TimeOnly.MinValue)), Kind.WithoutOffset, out number, out nanoseconds);
            case string text:
                return LookAtText(text, out number, out nanoseconds);
            default:
                number = 0;
                return Kind.None;
        }
    }

    private static Kind LookAtText(string text, out long number, out int nanoseconds)
    {
        nanoseconds = 0;
        if (long.TryParse(
                text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture,
                out number))
        {
            return Kind.Number;
        }

        // Programs that keep every column as floating point write 1570752000.0 or 1.570752E9.
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value))
        {
            bool isWhole = decimal.IsInteger(value) && Math.Abs(value) <= long.MaxValue;
            number = isWhole ? (long)value : 0;
            return isWhole ? Kind.Number : Kind.None;
        }

        return UnixTime.TryParseIso(text, out DateTimeOffset instant)
            ? Take(instant, EndsWithOffset().IsMatch(text) ? Kind.Instant : Kind.WithoutOffset, out number, out nanoseconds)
            : Kind.None;
    }

    private static bool IsNanoseconds(double number) => Math.Abs(number) < long.MaxValue && TimeNumbers.UnitOf((long)number) == 3;

    private static Kind Take(DateTimeOffset instant, Kind kind, out long seconds, out int nanoseconds)
    {
        seconds = instant.ToUnixTimeSeconds();
        nanoseconds = (int)(instant.UtcTicks % TimeSpan.TicksPerSecond) * 100;
        return kind;
    }

    [GeneratedRegex(@"(Z|GMT|:\S*\s*[+-]\d{2}(:?\d{2})?)\s*\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex EndsWithOffset();
}
