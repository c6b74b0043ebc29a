using System.Globalization;
using System.Runtime.CompilerServices;

namespace Crossover;

/// <summary>Finds the real candles, which lie beside the repository or above it, or makes some up.</summary>
public static class Candles
{
    private const int Count = 3000;

    /// <summary>The folder with a file for each market.</summary>
    /// <param name="work">Where to make files, if need be.</param>
    public static string FindOrMake(string work)
    {
        for (DirectoryInfo? folder = new(SourceFolder()); folder is not null; folder = folder.Parent)
        {
            string data = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(data))
            {
                return data;
            }
        }

        Console.WriteLine("There are no candles in ../shared/data, so these are made up.");
        for (int i = 0; i < Market.All.Count; i++)
        {
            Make(work, Market.All[i], phase: i);
        }

        return work;
    }

    // Two waves, one on the other: always the same candles, in every language.
    private static void Make(string folder, Market market, int phase)
    {
        using var file = new StreamWriter(Path.Combine(folder, market.FileName));
        file.WriteLine("ts,open,high,low,close,volume");
        for (int i = 0; i < Count; i++)
        {
            double close = Math.Round(1000 + 60 * Math.Sin(i / 90.0 + phase) + 25 * Math.Sin(i / 31.0), 3);
            long ts = market.First + i * market.Interval.Seconds;
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ts},{close},{close},{close},{close},1"));
        }
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
