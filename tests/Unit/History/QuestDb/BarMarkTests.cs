using FsCheck.Xunit;
using Qmtl.History.QuestDb;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>The sum that tells bars that are there once each from as many rows.</summary>
public sealed class BarMarkTests
{
    // A minute in microseconds, as QuestDB has it; a week in nanoseconds.
    private static readonly long[] Steps = [60_000_000, 604_800_000_000_000];

    [Property(MaxTest = 2000)]
    public void Bars_that_are_not_there_once_each_have_another_mark(int first, byte length, int seed)
    {
        // As many rows as bars, each at a bar of the stretch.
        var random = new Random(seed);
        long step = Steps[random.Next(Steps.Length)];
        long[] bars = [.. Enumerable.Range(0, length + 2).Select(bar => (2_000 + first % 2_000 + bar) * step)];
        long[] rows = [.. bars];
        for (int change = random.Next(1, 8); change > 0; change--)
        {
            rows[random.Next(rows.Length)] = bars[random.Next(bars.Length)];
        }

        Assert.Equal(rows.Distinct().Count() == bars.Length, Sum(rows) == BarMark.Sum(bars[0], bars[^1], step));
    }

    [Theory]
    [InlineData(new long[] { 0, 4, 5 }, new long[] { 1, 2, 6 })]
    [InlineData(new long[] { 0, 3, 5, 6, 9, 10, 12, 15 }, new long[] { 1, 2, 4, 7, 8, 11, 13, 14 })]
    public void Bars_whose_sums_and_powers_are_equal_have_another_mark(long[] ones, long[] others)
    {
        foreach (long step in Steps)
        {
            foreach (long from in (long[])[0, 1, 2600, 26_297_280])
            {
                Assert.NotEqual(Sum(ones.Select(bar => unchecked((from + bar) * step))), Sum(others.Select(bar => unchecked((from + bar) * step))));
            }
        }
    }

    private static long Sum(IEnumerable<long> times) => times.Aggregate(0L, (sum, time) => unchecked(sum + BarMark.Of(time)));
}
