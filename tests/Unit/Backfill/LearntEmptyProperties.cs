using FsCheck.Xunit;
using Qmtl.Backfill;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>An emptiness that is learnt is true, whatever the source does within its contract.</summary>
public sealed class LearntEmptyProperties : BackfillEngineTestBase
{
    private const int Asked = 40;

    [Property(MaxTest = 1000)]
    public void What_is_learnt_as_empty_is_true_and_every_right_bar_is_stored(
        bool[] present, byte[] kinds, byte cap, byte perRequest, byte beside, bool countsBars, bool newestFirst, bool reversed, bool repeats, bool far)
    {
        long[] bars = [.. Enumerable.Range(-5, Asked + 10).Where((_, i) => i < present.Length ? present[i] : i % 3 > 0).Select(i => i * 60L)];
        byte KindOf(int i) => i < kinds.Length ? kinds[i] : (byte)0;
        int rowsBeside = beside % 3;
        var source = new LyingSource
        {
            Bars = [.. bars],
            LateBars = [.. bars.Where((_, i) => KindOf(i) % 8 == 1)],
            WrongBars = [.. bars.Where((_, i) => KindOf(i) % 8 == 2)],
            Cap = rowsBeside + (far ? 2 : 1) + (cap % 50),
            BarsPerRequest = perRequest % 4 == 0 ? null : rowsBeside + (far ? 2 : 1) + (perRequest % 25),
            FarRow = far ? 60 * 1000 : null,
            CountsBars = countsBars,
            NewestFirst = newestFirst,
            RowsBeside = rowsBeside,
            Reversed = reversed,
            Repeats = repeats,
        };
        var range = new TimeRange(0, 60 * (Asked - 1));
        var store = new InMemoryHistoryStore();

        // What is wrong once must not be learnt in a later run either.
        for (int run = 0; run < 4; run++)
        {
            BackfillResult result = new BackfillEngine(new BackfillOptions { ThrottleLimit = 1 }, Clock)
                .RunAsync([new BackfillRequest(store, source, Stream, [range])]).ToListAsync().AsTask().GetAwaiter().GetResult()[0];
            Assert.Null(result.Error);
        }

        TimeRangeSet learnt = store.GetKnownEmptyAsync(Stream, source.Name).GetAwaiter().GetResult();
        Assert.DoesNotContain(bars, learnt.Contains);

        // Of one that adds rows both from far and from beside, some bars may not be seen; they stay missing.
        if (!far || rowsBeside == 0)
        {
            Assert.Equal(bars.Where(bar => range.Contains(bar) && !source.LateBars.Contains(bar) && !source.WrongBars.Contains(bar)), store.Stored(Stream));
        }

        Assert.InRange(source.Requests, 0, 4 * 4 * Asked);

        // A source that adds nothing beside what was asked leaves no true hole open.
        if (rowsBeside == 0 && !far)
        {
            Assert.Equal(Asked, learnt.BarCount + bars.Count(range.Contains));
        }
    }
}
