using System.Globalization;
using System.IO.Compression;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Fixtures;

/// <summary>Makes files as data.binance.vision has them.</summary>
internal static class BinanceFiles
{
    /// <summary>A row.</summary>
    /// <param name="candle">The candle.</param>
    /// <param name="interval">Its interval.</param>
    /// <param name="perSecond">How many of the unit of its times are in a second.</param>
    public static string Line(SimulatedCandle candle, BarInterval interval, long perSecond)
    {
        static string Amount(long units) => ((decimal)units / SimulatedCandle.Scale).ToString("0.00000000", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{candle.Timestamp * perSecond},{Amount(candle.Open)},{Amount(candle.High)},{Amount(candle.Low)},{Amount(candle.Close)},"
            + $"{Amount(candle.Volume)},{(interval.Next(candle.Timestamp) * perSecond) - 1},{Amount(candle.QuoteVolume)},{candle.Trades},"
            + $"{Amount(candle.TakerBaseVolume)},{Amount(candle.TakerQuoteVolume)},0");
    }

    /// <summary>A zip of so many files of the same text.</summary>
    public static byte[] Zip(string text, int entries)
    {
        using var buffer = new MemoryStream();
        using (var archive = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (int i = 0; i < entries; i++)
            {
                using var writer = new StreamWriter(archive.CreateEntry($"{i}.csv").Open());
                writer.Write(text);
            }
        }

        return buffer.ToArray();
    }
}
