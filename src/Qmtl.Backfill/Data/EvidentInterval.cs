using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// Tells rows that are evidently bars of another interval from those of a sparse market: all of them lie whole lengths of it apart, most
/// follow each other at just its length, and they are too many for that to be chance. Where its bars open does not matter: an exchange's
/// day may begin at 22:00, and its week on a Thursday.
/// </summary>
internal static class EvidentInterval
{
    // How seldom the bars of a sparse market may lie like those of a longer interval: once in so many answers.
    private const double Certainty = 1_000_000;

    /// <summary>The interval whose bars the rows evidently are, where it is not <paramref name="interval"/>; null otherwise.</summary>
    /// <param name="times">The rows' times, ascending; one that is repeated counts once.</param>
    /// <param name="interval">The interval that was asked for.</param>
    public static BarInterval? Find(ReadOnlySpan<long> times, BarInterval interval)
    {
        long common = 0;
        for (int i = 1; i < times.Length; i++)
        {
            common = GreatestCommonDivisor(common, times[i] - times[i - 1]);
            if (common == interval.Seconds && interval.IsOnGrid(times[0]))
            {
                return null;
            }
        }

        if (common is 0 or > int.MaxValue)
        {
            return null;
        }

        var other = BarInterval.FromSeconds(common);
        return other != interval && IsBeyondChance(times, other, interval) ? other : null;
    }

    private static bool IsBeyondChance(ReadOnlySpan<long> times, BarInterval other, BarInterval interval)
    {
        long common = other.Seconds;
        (int rows, int bars, int steps) = (1, 1, 0);
        for (int i = 1; i < times.Length; i++)
        {
            rows += times[i] > times[i - 1] ? 1 : 0;
            bars += interval.Floor(times[i]) > interval.Floor(times[i - 1]) ? 1 : 0;
            steps += times[i] - times[i - 1] == common ? 1 : 0;
        }

        bool regular = 2 * steps >= rows - 1;
        if (common < interval.Seconds)
        {
            return regular && rows >= 4 && 2 * rows >= 3 * bars;
        }

        // Off its grid, the first row may lie anywhere, and only the others say something.
        int telling = other.IsOnGrid(times[0]) ? rows : rows - 1;
        return regular && rows >= 3 && telling * Math.Log((double)common / interval.Seconds) >= Math.Log(Certainty);
    }

    private static long GreatestCommonDivisor(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
