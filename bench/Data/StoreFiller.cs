using System.Diagnostics;
using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Bench.Data;

/// <summary>Puts synthetic bars into a store.</summary>
internal static class StoreFiller
{
    /// <summary>Writes <paramref name="bars"/> bars and returns how long the writes took.</summary>
    /// <param name="store">The store.</param>
    /// <param name="bars">How many bars.</param>
    /// <param name="keep">Which bars by their index; null for all.</param>
    public static async Task<TimeSpan> FillAsync(IHistoryStore store, long bars, Func<long, bool>? keep = null)
    {
        var watch = new Stopwatch();
        foreach (BarFrame whole in SyntheticBars.Frames(bars, store.BarsPerWrite))
        {
            BarFrame frame = keep is null ? whole : Thin(whole, keep);
            watch.Start();
            await store.WriteAsync(SyntheticBars.Stream, [SyntheticBars.Page(frame)]);
            watch.Stop();
        }

        return watch.Elapsed;
    }

    private static BarFrame Thin(BarFrame frame, Func<long, bool> keep)
    {
        List<long> kept = [];
        foreach (long timestamp in frame.Timestamps)
        {
            if (keep((timestamp - SyntheticBars.Start) / 60))
            {
                kept.Add(timestamp);
            }
        }

        return frame.Intersect(Qmtl.Time.TimeRangeSet.FromTimestamps(frame.Interval, kept.ToArray()));
    }
}
