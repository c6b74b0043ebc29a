using System.Collections.Concurrent;
using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// The rule of what an answer proves not to exist, for every source; docs/concepts.md ("What may be learnt as empty") has it in prose.
/// </summary>
/// <remarks>
/// A source may give as few rows at once as it likes, from the old or the new end of the range, more than was asked for, wrong ones, and
/// in any order. Its contract is only this: between two rows that it gives it leaves none out, and where it has bars of the range it
/// gives one of them at least, unless rows beside the range have used up a place for each bar that was asked for. So silence proves
/// something between two rows, and where an answer has no row at all; the rest of the range has to be asked for by itself.
/// </remarks>
internal static class AnswerEvidence
{
    /// <summary>Splits the asked bars that no row tells of.</summary>
    /// <param name="raw">The answer.</param>
    /// <param name="interval">The stream's interval.</param>
    /// <param name="asked">The asked bars.</param>
    /// <param name="reach">The bars of the first and the last row in or next to the asked range, right or wrong; null where there is no
    /// such row.</param>
    /// <param name="told">The asked bars that some row tells of, right or wrong.</param>
    /// <returns>The bars that do not exist, and those that the answer did not reach.</returns>
    public static (TimeRangeSet Silent, TimeRangeSet Unreached) Of(
        RawBars raw, BarInterval interval, TimeRange asked, TimeRange? reach, TimeRangeSet told)
    {
        var all = new TimeRangeSet(interval, asked);
        TimeRangeSet none = TimeRangeSet.Empty(interval);

        // Rows that nobody could place may have been any of the asked bars.
        bool unplaced = raw.Unreadable.Total > 0 || raw.HasUnplaced;
        if (raw.About is { } about)
        {
            return (unplaced ? none : all.Intersect(about).Subtract(told), none);
        }

        if (!unplaced && (raw.RowCount == 0 || IsNeighbourAlone(raw, interval, asked, reach)))
        {
            return (raw.ProvesByRowsOnly ? none : all, none);
        }

        return reach is { } rows
            ? (unplaced ? none : all.Intersect(rows).Subtract(told), all.Subtract(new TimeRangeSet(interval, rows)))
            : (none, all);
    }

    /// <summary>
    /// Takes a row from far away that a source adds to each answer, such as its newest bar, for the habit that it is: beside it alone there
    /// was room for a row of the asked bars.
    /// </summary>
    /// <remarks>
    /// That it is a habit shows where it comes beside bars that were asked for. A source that gives one row whatever it is asked, as one
    /// for a price of now does, has no such answer, and its silence proves nothing.
    /// </remarks>
    /// <param name="raw">The answer.</param>
    /// <param name="answer">What is left of it.</param>
    /// <param name="asked">The asked bars.</param>
    /// <param name="habits">The far rows that have come beside asked bars.</param>
    public static ValidatedBars BesideFarRow(
        RawBars raw, ValidatedBars answer, TimeRange asked, Lazy<ConcurrentDictionary<long, bool>> habits)
    {
        if (answer.FarRow is not { } far)
        {
            return answer;
        }

        if (answer.Frame.Count > 0)
        {
            habits.Value[far] = true;
        }

        bool isAlone = !raw.ProvesByRowsOnly && raw.RowCount == 1 && raw.Unreadable.Total == 0 && !raw.HasUnplaced && raw.About is null
            && asked.End > asked.Start;
        return isAlone && habits.Value.ContainsKey(far)
            ? answer with
            {
                Silent = new TimeRangeSet(answer.Frame.Interval, asked),
                Unreached = TimeRangeSet.Empty(answer.Frame.Interval),
            }
            : answer;
    }

    // Some sources begin one bar early, or end one late. If that is all they give, although there was room for more rows, they have no
    // others.
    private static bool IsNeighbourAlone(RawBars raw, BarInterval interval, TimeRange asked, TimeRange? reach) =>
        raw.RowCount == 1 && asked.End > asked.Start && reach is { } row
        && (row.Start == interval.Previous(asked.Start) || row.Start == interval.Next(asked.End));
}
