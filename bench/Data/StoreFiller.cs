using System.Diagnostics;
using Qmtl.Backfill;
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
        foreach (BarFrame whole in SyntheticBars.Frames(bars, store.Info.BarsPerWrite))
        {
            BarFrame frame = keep is null ? whole : Thin(whole, keep);
            watch.Start();
            await store.WriteAsync(SyntheticBars.Stream, [SyntheticBars.Page(frame)]);
            watch.Stop();
        }

        return watch.Elapsed;
    }

    /// <summary>
    /// Has the engine, as it comes, write <paramref name="bars"/> bars of a source in this process that answers in pages of 1,000; returns
    /// how long the whole run took.
    /// </summary>
    /// <param name="store">The store, without a bar.</param>
    /// <param name="bars">How many bars.</param>
    public static async Task<TimeSpan> FillByEngineAsync(IHistoryStore store, long bars)
    {
        var request = new BackfillRequest(store, SyntheticBars.Fetcher(1000), SyntheticBars.Stream, [SyntheticBars.RangeOf(bars)]);
        long started = Stopwatch.GetTimestamp();
        BackfillResult result = await new BackfillEngine().RunAsync([request]).SingleAsync();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return result.BarsWritten == bars ? elapsed : throw new InvalidOperationException($"Wrote {result.BarsWritten} bars: {result.Error}");
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
