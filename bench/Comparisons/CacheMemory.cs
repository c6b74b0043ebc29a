using System.Globalization;
using Qmtl.Bench.Data;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;

namespace Qmtl.Bench.Comparisons;

/// <summary>What a bar of six columns takes in a full cache, by the cache's own account and by the garbage collector's.</summary>
internal static class CacheMemory
{
    private const int Million = 1_000_000;

    /// <summary>Fills caches in both ways and prints rows of the table.</summary>
    public static void Run()
    {
        BarFrame bars = CacheFrames.Make(Million);
        Print("history", cache => cache.BackfillBulk(SyntheticBars.Stream, bars));
        Print("live bars", cache =>
        {
            for (int i = 0; i < bars.Count; i++)
            {
                cache.Append(SyntheticBars.Stream, bars.Timestamps[i], Payload.FromBar(bars.GetRow(i)));
            }
        });
    }

    private static void Print(string how, Action<NodeCache> fill)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var cache = new NodeCache(Million);
        fill(cache);
        double collector = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Million;
        double own = cache.ResidentBytes / (double)Million;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| cache memory per bar of 6 columns, 1 M bars of {how} | 56 bytes of raw columns | | | {collector:0.00} bytes (its own account: {own:0.00}) | at most 72 bytes | {(Math.Max(own, collector) <= 72 ? "yes" : "no")} |"));
    }
}
