using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>One question to a source on the way to a planned page: the page itself first, then what its answers did not reach.</summary>
/// <remarks>
/// Each answer with a row inside leaves smaller parts, and one without leaves at most a larger question for the same bars, so that asking
/// ends whatever the source answers.
/// </remarks>
/// <param name="Missing">The bars for whose sake it is asked; not empty.</param>
internal sealed record Question(TimeRangeSet Missing)
{
    // More rows beside the range than this are no habit of a source that could be allowed for.
    private const int MostSurplus = 100;

    // Bars beyond the missing ones that are asked for, because rows on the other side of the range use up as many places of an answer.
    private long SurplusBefore { get; init; }

    private long SurplusAfter { get; init; }

    // How many ways of asking around a row from far away were tried.
    private int FarRows { get; init; }

    /// <summary>What is asked for: the opens of the first and the last bar.</summary>
    /// <param name="lastClosedBar">Bars after it are not asked for, unless they are missing.</param>
    public TimeRange Range(long lastClosedBar)
    {
        (TimeRange bars, BarInterval interval) = (Missing.Bounds!.Value, Missing.Interval);
        return new TimeRange(
            interval.Add(bars.Start, -SurplusBefore), Math.Max(bars.End, Math.Min(interval.Add(bars.End, SurplusAfter), lastClosedBar)));
    }

    /// <summary>What is still to be asked after the answer.</summary>
    /// <param name="answer">The answer to this question.</param>
    /// <param name="barsPerRequest">The most bars that a question may span.</param>
    /// <param name="lastClosedBar">Bars after it are not asked for, unless they are missing.</param>
    public List<Question> Rest(ValidatedBars answer, int barsPerRequest, long lastClosedBar)
    {
        TimeRange bounds = Missing.Bounds!.Value;
        if (answer.Unreached.Intersect(bounds) is not { Count: 1 } all || all[0] != bounds)
        {
            IEnumerable<TimeRangeSet> parts = answer.Unreached.Select(part => Missing.Intersect(part));
            return [.. parts.Where(part => !part.IsEmpty).Select(part => new Question(part))];
        }

        // Nothing new. It proves nothing where rows beside the range may have taken the places of those that were asked for.
        long room = Math.Clamp(barsPerRequest - bounds.CountBars(Missing.Interval), 0, MostSurplus);
        // What was allowed for stays, or a source that puts its rows now on one side and now on the other would be asked for ever.
        long before = Math.Max(SurplusBefore, answer.RowsAfter > SurplusBefore ? Math.Min(2L * answer.RowsAfter, room - SurplusAfter) : 0);
        long after = Math.Max(SurplusAfter, answer.RowsBefore > SurplusAfter ? Math.Min(2L * answer.RowsBefore, room - before) : 0);
        Question larger = this with { SurplusBefore = before, SurplusAfter = after };
        (TimeRange was, TimeRange next) = (Range(lastClosedBar), larger.Range(lastClosedBar));
        return next.Start < was.Start || next.End > was.End ? [larger]
            : answer.FarRow is not null && answer.RowsBefore + answer.RowsAfter == 1 ? AroundFarRow(room, lastClosedBar)
            : [];
    }

    // Known bars beside the missing ones show that a row from far away is a habit of the source, and where there are none, its silence
    // then counts. Between both sides, a bar that has no row does not exist.
    private List<Question> AroundFarRow(long room, long lastClosedBar)
    {
        (long one, long both) = (Math.Min(room, 2), Math.Min(room / 2, 2));
        (long Before, long After)[] sides = [(one, 0), (0, one), (both, both)];
        for (int turn = FarRows; turn < sides.Length; turn++)
        {
            var next = new Question(Missing) { SurplusBefore = sides[turn].Before, SurplusAfter = sides[turn].After, FarRows = turn + 1 };
            if (next.Range(lastClosedBar) != Range(lastClosedBar))
            {
                return [next];
            }
        }

        return [];
    }
}
