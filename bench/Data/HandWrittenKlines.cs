using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Qmtl.Data;

namespace Qmtl.Bench.Data;

/// <summary>A reader of Binance's rows that was written by hand for them alone: what a profile's reading is compared with.</summary>
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

/// <summary>The columns of an answer while its pages come in.</summary>
internal sealed class KlineColumns
{
    private static readonly string[] AmountNames =
        ["open", "high", "low", "close", "volume", "quote_volume", "taker_buy_base_volume", "taker_buy_quote_volume"];

    /// <summary>How many prices and volumes a row has.</summary>
    public const int AmountCount = 8;

    private readonly SubSeconds _subSeconds = new();
    private readonly ColumnBuilder<long> _timestamps;
    private readonly ColumnBuilder<double>[] _amounts;
    private readonly ColumnBuilder<long> _trades;

    /// <param name="capacity">How many rows are expected.</param>
    public KlineColumns(int capacity)
    {
        _timestamps = new(ColumnNames.Timestamp, capacity);
        _amounts = Array.ConvertAll(AmountNames, name => new ColumnBuilder<double>(name, capacity));
        _trades = new("trades", capacity);
    }

    public int Count => _timestamps.Count;

    public RejectedRows Unreadable { get; set; } = RejectedRows.None;

    /// <inheritdoc cref="RawBars.AnsweredAt"/>
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Adds a row.</summary>
    /// <param name="timestamp">The bar's open: Unix seconds, UTC.</param>
    /// <param name="nanoseconds">How far past that second it opens.</param>
    /// <param name="amounts">Prices and volumes in the order of the columns; NaN for one that is not known.</param>
    /// <param name="trades">The number of trades; null where it is not known.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddRow(long timestamp, int nanoseconds, ReadOnlySpan<double> amounts, long? trades)
    {
        _subSeconds.Set(Count, nanoseconds);
        _timestamps.Add(timestamp);
        for (int i = 0; i < _amounts.Length; i++)
        {
            _amounts[i].Add(amounts[i]);
        }

        if (trades is { } known)
        {
            _trades.Add(known);
        }
        else
        {
            _trades.AddNull();
        }
    }

    public RawBars Build()
    {
        List<BarColumn> columns = [.. _amounts.Select(column => column.Build())];
        columns.Insert(6, _trades.Build());
        return new RawBars(_timestamps.Build().Values, columns)
        {
            Nanoseconds = _subSeconds.Build(Count),
            Unreadable = Unreadable,
            AnsweredAt = AnsweredAt,
        };
    }
}
