using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Simulation.Http;

/// <summary>Writes candles as Binance's JSON rows, straight into a pooled buffer. Dispose it to give the buffer back.</summary>
internal sealed class KlineWriter : IDisposable
{
    // Two times, a count and eight amounts of at most 21 characters, with their punctuation.
    private const int LongestRow = 320;

    private readonly byte[] _buffer;
    private int _length;

    public KlineWriter(ReadOnlySpan<SimulatedCandle> rows, BarInterval interval, SimulatedFault? fault)
    {
        _buffer = ArrayPool<byte>.Shared.Rent((rows.Length * LongestRow) + 2);
        Append((byte)'[');
        for (int i = 0; i < rows.Length; i++)
        {
            if (i > 0)
            {
                Append((byte)',');
            }

            AppendRow(rows[i], interval, FaultyRows.DamageAt(fault, i));
        }

        Append((byte)']');
    }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    // Benchmarks begin with a burst of rows, in which the runtime would still be running code that counts every call.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AppendRow(in SimulatedCandle candle, BarInterval interval, RowDamage damage)
    {
        Append((byte)'[');
        if (damage == RowDamage.WithoutOpenTime)
        {
            Append("null"u8);
        }
        else
        {
            AppendNumber(candle.Timestamp * 1000);
        }

        bool nulls = damage == RowDamage.NullFields;
        AppendAmount(candle.Open, nulls);
        AppendAmount(candle.High, nulls);
        if (damage == RowDamage.Truncated)
        {
            Append((byte)']');
            return;
        }

        AppendAmount(candle.Low, nulls);
        if (damage == RowDamage.NotANumber)
        {
            Append(",\"NaN\""u8);
        }
        else
        {
            AppendAmount(candle.Close, nulls);
        }

        AppendAmount(candle.Volume, nulls);
        Append((byte)',');
        AppendNumber((interval.Next(candle.Timestamp) * 1000) - 1);
        AppendAmount(candle.QuoteVolume, nulls);
        Append((byte)',');
        AppendNumber(candle.Trades);
        AppendAmount(candle.TakerBaseVolume, nulls);
        AppendAmount(candle.TakerQuoteVolume, nulls);
        Append(",\"0\"]"u8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AppendAmount(long units, bool asNull)
    {
        if (asNull)
        {
            Append(",null"u8);
            return;
        }

        Append(",\""u8);
        (long wholes, long fraction) = Math.DivRem(units, SimulatedCandle.Scale);
        AppendNumber(wholes);
        Append((byte)'.');
        Span<byte> digits = _buffer.AsSpan(_length, 8);
        for (int i = 7; i >= 0; i--)
        {
            (fraction, long digit) = Math.DivRem(fraction, 10);
            digits[i] = (byte)('0' + digit);
        }

        _length += 8;
        Append((byte)'"');
    }

    private void AppendNumber(long number)
    {
        Utf8Formatter.TryFormat(number, _buffer.AsSpan(_length), out int written);
        _length += written;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Append(byte value) => _buffer[_length++] = value;
}
