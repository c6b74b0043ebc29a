using System.Globalization;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Looks at the bars of a source's answers before they are stored, and counts or refuses those that contradict themselves.
/// </summary>
internal sealed class BadBarTally(StreamKey stream, string source, BadBars onBadBar)
{
    private readonly Lock _gate = new();
    private SortedDictionary<BarCheck, (long Count, long First, string What)>? _found;

    /// <summary>Looks at bars that are about to be stored. From any thread.</summary>
    /// <exception cref="SourceException">A bar is bad, and such are refused.</exception>
    public void Examine(BarFrame frame)
    {
        if (onBadBar == BadBars.Store)
        {
            return;
        }

        // A bar counts once for a check, whichever of its columns break it.
        HashSet<(BarCheck, int)>? known = null;
        BarRules.Find(frame.Columns, broken =>
        {
            if ((known ??= []).Add((broken.Check, broken.Row)))
            {
                Add(broken, frame.Timestamps[broken.Row]);
            }
        });
    }

    /// <summary>What is to be told of all of them: a note a check.</summary>
    public IEnumerable<SourceNote> Notes()
    {
        foreach ((BarCheck check, (long count, long first, string what)) in _found ?? [])
        {
            yield return new SourceNote(SourceNoteKind.BadBars, string.Create(
                CultureInfo.InvariantCulture,
                $"{(count == 1 ? "1 bar contradicts itself" : $"{count} bars contradict themselves")} ({check}; the first is "
                    + $"{UnixTime.Format(first)}: {what}); stored as they came, which -OnBadBar (--on-bad-bar) changes, and "
                    + $"Test-QmtlHistory (qmtl test) lists them"));
        }
    }

    private void Add(BrokenRule broken, long time)
    {
        if (onBadBar == BadBars.Refuse)
        {
            throw new SourceException(
                $"{source} gave a bar of {stream} that contradicts itself: at {UnixTime.Format(time)} {broken}. Nothing of its page "
                    + "was stored. Mend the source, ask for the range without the bar, or take it as it is with -OnBadBar Warn "
                    + $"(--on-bad-bar warn).");
        }

        lock (_gate)
        {
            _found ??= [];
            (long count, long first, string what) = _found.GetValueOrDefault(broken.Check, (0, time, broken.ToString()));
            _found[broken.Check] = first <= time ? (count + 1, first, what) : (count + 1, time, broken.ToString());
        }
    }
}
