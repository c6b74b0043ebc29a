namespace Qmtl.History.QuestDb;

/// <summary>
/// Tells, with a sum that the server takes while it counts, whether the bars of a stretch are there once each. As many rows as
/// bars are not enough: one bar may be there twice and another not at all.
/// </summary>
/// <remarks>
/// Each bar's number is spread over 64 bits, by no rule that sums of numbers keep (so not by a polynomial): other bars of the same
/// count have the same sum about as seldom as two random numbers of 64 bits are equal. An exact answer, <c>count_distinct</c>, takes the server six times
/// as long as the count, which is longer than handing over every bar.
/// </remarks>
internal static class BarMark
{
    // The golden ratio's fraction in 64 bits, as signed as QuestDB's LONG is.
    private const long Spread = -7046029254386353131;
    private const long HighHalf = 1L << 32;

    /// <summary>The sum over rows, in SQL. Where it is the smallest long, it reads as null.</summary>
    /// <param name="number">The expression of a bar's number, a LONG.</param>
    public static string SumSql(string number)
    {
        string spread = $"({number} * {Spread})";
        return $"sum({spread} * ({spread} ^ ({spread} / {HighHalf})))";
    }

    /// <summary>What <see cref="SumSql"/> is where each bar from the first to the last number is there once.</summary>
    public static long Sum(long first, long last)
    {
        long sum = 0;
        for (long number = first; number <= last; number++)
        {
            sum = unchecked(sum + Of(number));
        }

        return sum;
    }

    /// <summary>What one bar adds to the sum.</summary>
    public static long Of(long number)
    {
        long spread = unchecked(number * Spread);
        return unchecked(spread * (spread ^ (spread / HighHalf)));
    }
}
