using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Qmtl.Data;

namespace Qmtl.Fetching.Binance;

/// <summary>
/// Reads the exchange's JSON rows straight into columns. A row is an array: see the exchange's documentation of <c>GET
/// /api/v3/klines</c>.
/// </summary>
internal static class KlineReader
{
    private const int TradesField = 8;

    // Which amount stands in which field; -1 for the times, the number of trades and what is to be ignored.
    private static ReadOnlySpan<sbyte> AmountOfField => [-1, 0, 1, 2, 3, 4, -1, 5, -1, 6, 7, -1];

    /// <summary>
    /// Adds the rows of one page. A wrong row spoils only itself: amounts it lacks are NaN, and a row without a time is counted.
    /// </summary>
    /// <returns>How many rows there were, with those that could not be read.</returns>
    /// <exception cref="JsonException">The text is no JSON, or no array.</exception>
    public static int Read(ReadOnlySpan<byte> json, KlineColumns into)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("The answer is no array.");
        }

        int rows = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            rows++;
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                ReadRow(ref reader, into);
            }
            else
            {
                reader.Skip();
                into.Unreadable = into.Unreadable.Plus(RejectionReason.Unreadable, 1);
            }
        }

        // Looks for anything after the array, which would not be JSON.
        reader.Read();
        return rows;
    }

    // Called a million times in the first seconds of a large backfill, when the runtime would still be running code that counts
    // every call; that made it several times slower.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadRow(ref Utf8JsonReader reader, KlineColumns into)
    {
        Span<double> amounts = stackalloc double[KlineColumns.AmountCount];
        amounts.Fill(double.NaN);
        long? open = null;
        long? trades = null;
        bool isCountUnreadable = false;
        for (int field = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; field++)
        {
            if (field == 0)
            {
                open = ReadWhole(ref reader);
            }
            else if (field == TradesField)
            {
                trades = ReadWhole(ref reader);
                isCountUnreadable = trades is null && reader.TokenType != JsonTokenType.Null;
            }
            else if (field < AmountOfField.Length && AmountOfField[field] >= 0)
            {
                amounts[AmountOfField[field]] = ReadAmount(ref reader);
            }

            reader.Skip();
        }

        // A bar without the number of its trades would pass for a whole one; a value that is no number has it rejected, as an amount does.
        if (isCountUnreadable)
        {
            amounts[0] = double.NaN;
        }

        // The time is in milliseconds. After an outage a candle may open off the second, as a whole hour of February 2018 does.
        if (open is { } milliseconds)
        {
            (long seconds, long rest) = Math.DivRem(milliseconds, 1000);
            (seconds, rest) = rest < 0 ? (seconds - 1, rest + 1000) : (seconds, rest);
            into.AddRow(seconds, (int)rest * 1_000_000, amounts, trades);
        }
        else
        {
            into.Unreadable = into.Unreadable.Plus(RejectionReason.MissingTimestamp, 1);
        }
    }

    private static long? ReadWhole(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value) ? value : null;

    private static double ReadAmount(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String when Utf8Parser.TryParse(reader.ValueSpan, out double value, out int length) && length == reader.ValueSpan.Length =>
            value,
        JsonTokenType.Number when reader.TryGetDouble(out double value) => value,
        _ => double.NaN,
    };
}
