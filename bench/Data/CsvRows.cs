using System.Globalization;
using Qmtl.Data;

namespace Qmtl.Bench.Data;

/// <summary>The synthetic bars as CSV, for the bare tools on the other side.</summary>
internal static class CsvRows
{
    /// <summary>Writes node id, interval, ts, open, high, low, close, volume, with no header.</summary>
    public static async Task WriteAsync(string path, long bars)
    {
        await using var writer = new StreamWriter(path);
        foreach (BarFrame frame in SyntheticBars.Frames(bars, 50_000))
        {
            foreach (BarRow row in frame.Rows)
            {
                await writer.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{SyntheticBars.Stream.NodeId},{SyntheticBars.Minute.Seconds},{row.Timestamp},{row[0]},{row[1]},{row[2]},{row[3]},{row[4]}"));
            }
        }
    }
}
