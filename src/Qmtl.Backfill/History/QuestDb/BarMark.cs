namespace Qmtl.History.QuestDb;

/// <summary>
/// Tells, with a sum that the server takes while it counts, whether the bars of a stretch are there once each. As many rows as
/// bars are not enough: one bar may be there twice and another not at all.
/// </summary>
/// <remarks>
/// Each time is spread over 64 bits by no rule that sums of numbers keep, so not by a polynomial: other bars of the same count have the
/// same sum about as seldom as two random numbers are equal. It takes the server a third longer than the count alone. An exact answer,
/// <c>count_distinct</c>, takes eight times as long, which is longer than handing over every bar.
/// </remarks>
internal static class BarMark
{
    // The golden ratio's fraction in 64 bits, as signed as QuestDB's LONG is.
    private const long Spread = -7046029254386353131;

    /// <summary>The sum over rows, in SQL. Where it is the smallest long, it reads as null.</summary>
    /// <param name="time">The expression of a bar's time, a LONG.</param>
    public static string SumSql(string time) => $"sum(({time} * {time}) ^ ({time} * {Spread}))";

    /// <summary>
    /// What <see cref="SumSql"/> is where there is one bar at each <paramref name="step"/> from the first to the last time.
    /// </summary>
    public static long Sum(long first, long last, long step)
    {
        long sum = 0;
        for (long time = first; time <= last; time += step)
        {
            sum = unchecked(sum + Of(time));
        }

        return sum;
    }

    /// <summary>What one bar adds to the sum.</summary>
    public static long Of(long time) => unchecked((time * time) ^ (time * Spread));
}
