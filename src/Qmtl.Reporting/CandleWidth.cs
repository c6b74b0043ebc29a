using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>How much history candles are made of, and how long each is.</summary>
internal static class CandleWidth
{
    private static readonly BarInterval[] Round =
    [
        .. new[]
        {
            "1s", "5s", "15s", "30s", "1m", "2m", "3m", "5m", "10m", "15m", "30m", "1h", "2h", "3h", "4h", "6h", "8h", "12h",
            "1d", "2d", "3d", "5d", "1w", "2w", "1M", "3M", "12M",
        }.Select(text => BarInterval.Parse(text)),
    ];

    /// <summary>The shortest length that people think in, or else of all, by which there are at most that many candles.</summary>
    /// <param name="interval">The stream's bars, of which each candle is made.</param>
    /// <param name="range">What the candles show.</param>
    /// <param name="most">How many there may be, at least two.</param>
    public static BarInterval For(BarInterval interval, TimeRange range, int most)
    {
        if (CountOf(interval) <= most)
        {
            return interval;
        }

        // One more than in the range may be begun at its ends.
        long times = ((CountOf(interval) - 1) / (most - 1)) + 1;
        BarInterval multiple = interval.Times(times);

        // The bars of an odd interval make up a round length only now and then: a far longer one would show little.
        int round = Array.FindIndex(Round, length => length.IsMadeOf(interval) && CountOf(length) <= most);
        return round >= 0 && Round[round].Seconds <= 4 * multiple.Seconds ? Round[round] : multiple;

        long CountOf(BarInterval length) => length.CountBetween(length.Floor(range.Start), length.Floor(range.End));
    }

    /// <summary>
    /// Shares a number of bars to read out to streams: each gets what it has, or an equal part of what the smaller ones leave.
    /// </summary>
    /// <param name="bars">How many bars each stream has.</param>
    /// <param name="most">How many may be read in all.</param>
    public static long[] Shares(IReadOnlyList<long> bars, long most)
    {
        long[] shares = new long[bars.Count];
        int[] order = [.. Enumerable.Range(0, bars.Count).OrderBy(i => bars[i])];
        for (int i = 0; i < order.Length; i++)
        {
            long share = Math.Min(bars[order[i]], most / (order.Length - i));
            shares[order[i]] = share;
            most -= share;
        }

        return shares;
    }

    /// <summary>The last bars of a set, as a range; that of all of them where there are no more.</summary>
    public static TimeRange LastOf(TimeRangeSet bars, long count)
    {
        TimeRange all = bars.Bounds!.Value;
        for (int i = bars.Count - 1; i >= 0; i--)
        {
            long inside = bars.Interval.CountBetween(bars[i].Start, bars[i].End);
            if (inside >= count)
            {
                return new TimeRange(bars.Interval.Add(bars[i].End, 1 - count), all.End);
            }

            count -= inside;
        }

        return all;
    }
}
