using System.Globalization;
using System.Management.Automation;
using Qmtl.Time;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a <see cref="DateTimeOffset"/> in UTC of what an operator writes for a time: ISO 8601 text (UTC unless it carries an
/// offset), so long ago (<c>-7d</c>), a <see cref="DateOnly"/>, a <see cref="DateTime"/> (converted where its kind is local, else taken
/// as UTC), a <see cref="DateTimeOffset"/>, or Unix seconds as any whole number but one that looks like a date (2024, 20240131).
/// </summary>
public sealed class InstantArgumentAttribute : OperatorArgumentAttribute
{
    // Doubles hold every whole number up to this one.
    private const double LargestExact = 9007199254740992;

    /// <summary>Whether it ends a range: a date without a time then is the whole day. Not so by default.</summary>
    public bool IsEnd { get; init; }

    /// <inheritdoc/>
    protected override object? Make(object given)
    {
        object value = given is PSObject wrapped ? wrapped.BaseObject : given;
        return value switch
        {
            DateTimeOffset instant => instant.ToUniversalTime(),
            DateTime instant => UnixTime.FromDateTime(instant),
            DateOnly day => AskedTime.Of(day, IsEnd),
            string text => AskedTime.Parse(text, TimeProvider.System.GetUtcNow(), IsEnd),
            sbyte or byte or short or ushort or int or uint or long =>
                UnixTime.FromNumber(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
            ulong or double or float or decimal => FromNumber(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
            _ => throw new FormatException($"'{value}' is not a time. Write ISO 8601 text, a DateTime, a DateTimeOffset or Unix seconds."),
        };
    }

    private static DateTimeOffset FromNumber(double seconds) => double.IsInteger(seconds) && Math.Abs(seconds) <= LargestExact
        ? UnixTime.FromNumber((long)seconds)
        : throw new FormatException($"{seconds.ToString(CultureInfo.InvariantCulture)} is not a time: Unix seconds are a whole number.");
}
