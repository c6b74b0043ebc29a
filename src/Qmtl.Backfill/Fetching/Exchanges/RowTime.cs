using System.Buffers.Text;
using System.Text.Json;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>The time of a row.</summary>
/// <param name="Seconds">Unix seconds, UTC, rounded down.</param>
/// <param name="Nanoseconds">How far past that second it is.</param>
/// <param name="IsKnown">Whether there is one.</param>
internal readonly record struct RowTime(long Seconds, int Nanoseconds, bool IsKnown)
{
    /// <summary>Reads the value at which the reader stands: a number, its digits in a text, or ISO 8601.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="perSecond">How many of the unit are in a second; 0 for ISO 8601.</param>
    public static RowTime Read(ref Utf8JsonReader reader, long perSecond)
    {
        if (perSecond == 0)
        {
            return ReadIso(ref reader);
        }

        if (TryReadWhole(ref reader, out long number))
        {
            (long seconds, long rest) = Math.DivRem(number, perSecond);
            (seconds, rest) = rest < 0 ? (seconds - 1, rest + perSecond) : (seconds, rest);
            return new RowTime(seconds, (int)(rest * (1_000_000_000 / perSecond)), true);
        }

        // Some write 1704067200.0.
        return TryReadDecimal(ref reader, out decimal value) && value / perSecond is > long.MinValue / 2 and < long.MaxValue / 2
            ? Of(value / perSecond)
            : default;
    }

    private static bool TryReadWhole(ref Utf8JsonReader reader, out long number)
    {
        number = 0;
        return reader.TokenType switch
        {
            JsonTokenType.Number => reader.TryGetInt64(out number),
            JsonTokenType.String => Utf8Parser.TryParse(reader.ValueSpan, out number, out int length) && length == reader.ValueSpan.Length,
            _ => false,
        };
    }

    private static bool TryReadDecimal(ref Utf8JsonReader reader, out decimal value)
    {
        value = 0;
        return reader.TokenType switch
        {
            JsonTokenType.Number => reader.TryGetDecimal(out value),
            JsonTokenType.String => Utf8Parser.TryParse(reader.ValueSpan, out value, out int length) && length == reader.ValueSpan.Length,
            _ => false,
        };
    }

    private static RowTime Of(decimal seconds)
    {
        decimal whole = decimal.Floor(seconds);
        return new RowTime((long)whole, (int)((seconds - whole) * 1_000_000_000), true);
    }

    private static RowTime ReadIso(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return default;
        }

        // Without an offset the framework takes the time for a local one.
        bool isRead = reader.ValueSpan is [.., (byte)'Z'] && reader.TryGetDateTimeOffset(out DateTimeOffset time)
            || UnixTime.TryParseIso(JsonText.TextOf(ref reader), out time);
        long ticks = isRead ? time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks : 0;
        long seconds = isRead ? time.ToUnixTimeSeconds() : 0;
        return isRead ? new RowTime(seconds, (int)((ticks - (seconds * TimeSpan.TicksPerSecond)) * 100), true) : default;
    }
}
