using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// Tells rows that are evidently bars of another interval from those of a sparse market: all of them lie whole lengths of it apart, most
/// follow each other at just its length, and they are too many for that to be chance. Where its bars open does not matter: an exchange's
/// day may begin at 22:00, and its week on a Thursday. Months are told by the calendar: all rows lie as far from the 1st of a month.
/// </summary>
internal static class EvidentInterval
{
    // How seldom the bars of a sparse market may lie like those of a longer interval: once in so many answers.
    private const double Certainty = 1_000_000;

    private const long Day = 86_400;

    private static readonly BarInterval Month = BarInterval.FromMonths(1);

    /// <summary>The interval whose bars the rows evidently are, where it is not <paramref name="interval"/>; null otherwise.</summary>
    /// <param name="times">The rows' times, ascending; one that is repeated counts once.</param>
    /// <param name="interval">The interval that was asked for.</param>
    public static BarInterval? Find(ReadOnlySpan<long> times, BarInterval interval)
    {
        if (FindMonths(times, out long shift) is { } months)
        {
            return months != interval && IsBeyondChance(times, months, shift, interval) ? months : null;
        }

        long common = 0;

        for (int i = 1; i < times.Length; i++)
        {
            common = GreatestCommonDivisor(common, times[i] - times[i - 1]);
            if (common == interval.Stride && interval.IsOnGrid(times[0]))
            {
                return null;
            }
        }

        if (common is 0 or > int.MaxValue)
        {
            return null;
        }

        var other = BarInterval.FromSeconds(common);
        return other != interval && IsBeyondChance(times, other, 0, interval) ? other : null;
    }

    // Months that go by between rows of which each lies as far from the 1st. Almost every answer ends this at its second row.
    private static BarInterval? FindMonths(ReadOnlySpan<long> times, out long shift)
    {
        shift = 0;
        long common = 0;
        long before = 0;
        for (int i = 0; i < times.Length; i++)
        {
            long first = Month.Floor(times[i] + (15 * Day));
            if (i == 0)
            {
                (shift, before) = (times[i] - first, first);
            }

            if (times[i] - first != shift || Math.Abs(shift) >= Day)
            {
                return null;
            }

            common = GreatestCommonDivisor(common, Month.CountBetween(before, first) - 1);
            before = first;
        }

        return common is > 0 and <= 1200 ? BarInterval.FromMonths((int)common) : null;
    }

    private static bool IsBeyondChance(ReadOnlySpan<long> times, BarInterval other, long shift, BarInterval interval)
    {
        // Quarters may also begin in February, so that several months are counted one by one.
        (BarInterval unit, long count) = other.IsFixed ? (other, 1L) : (Month, -other.Number);
        (int rows, int bars, int steps) = (1, 1, 0);
        for (int i = 1; i < times.Length; i++)
        {
            rows += times[i] > times[i - 1] ? 1 : 0;
            bars += interval.Floor(times[i]) > interval.Floor(times[i - 1]) ? 1 : 0;
            steps += times[i] == unit.Add(times[i - 1] - shift, count) + shift ? 1 : 0;
        }

        bool regular = 2 * steps >= rows - 1;
        if (other.Duration < interval.Duration)
        {
            return regular && rows >= 4 && 2 * rows >= 3 * bars;
        }

        // Off its grid, the first row may lie anywhere, and only the others say something.
        int telling = other.IsOnGrid(times[0]) ? rows : rows - 1;
        return regular && rows >= 3 && telling * Math.Log(other.Duration / interval.Duration) >= Math.Log(Certainty);
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
