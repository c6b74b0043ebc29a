using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// Draws a stream's history as one line in which a person sees the holes: each cell stands for an equal share of the time,
/// and shows what is the worst of it, so that a single missing bar is never hidden by its neighbours.
/// </summary>
public static class CoverageStrip
{
    /// <summary>What the signs mean, from the best to the worst.</summary>
    /// <param name="unicode">Blocks rather than ASCII.</param>
    public static IReadOnlyList<(CoverageCell Cell, char Sign, string Meaning)> Legend(bool unicode) =>
        [.. Enum.GetValues<CoverageCell>().Select(cell => (cell, SignOf(cell, unicode), MeaningOf(cell)))];

    /// <summary>The sign of a cell: a block, or a character of ASCII.</summary>
    public static char SignOf(CoverageCell cell, bool unicode) => (unicode ? "█▓░▒·" : "#+-~.")[(int)cell];

    /// <summary>The colour of a cell where there are colours: green where nothing is missing, red where something is.</summary>
    /// <returns><c>green</c>, <c>grey</c> or <c>red</c>.</returns>
    public static string ColourOf(CoverageCell cell) => cell switch
    {
        CoverageCell.Stored or CoverageCell.PartlyEmpty => "green",
        CoverageCell.Empty => "grey",
        _ => "red",
    };

    /// <summary>The cells.</summary>
    /// <param name="within">The time that is shown, both ends included.</param>
    /// <param name="stored">The bars that are there.</param>
    /// <param name="empty">The bars that a source is known not to have.</param>
    /// <param name="width">How many cells, where there are as many bars.</param>
    public static IReadOnlyList<CoverageCell> Draw(TimeRange within, TimeRangeSet stored, TimeRangeSet empty, int width)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(empty);
        BarInterval interval = stored.Interval;
        long bars = within.CountBars(interval);
        int cells = (int)Math.Min(width, bars);
        long first = interval.Ceiling(within.Start);
        return [.. Enumerable.Range(0, cells).Select(i =>
        {
            var share = new TimeRange(interval.Add(first, bars * i / cells), interval.Add(first, (bars * (i + 1) / cells) - 1));
            return Classify(share.CountBars(interval), stored.Intersect(share).BarCount, empty.Intersect(share).BarCount);
        })];
    }

    private static string MeaningOf(CoverageCell cell) => cell switch
    {
        CoverageCell.Stored => "stored",
        CoverageCell.PartlyEmpty => "stored, holes known to be empty",
        CoverageCell.Empty => "known to be empty",
        CoverageCell.PartlyMissing => "some missing",
        _ => "all missing",
    };

    private static CoverageCell Classify(long bars, long stored, long empty) => bars switch
    {
        _ when stored >= bars => CoverageCell.Stored,
        _ when stored + empty >= bars => stored > 0 ? CoverageCell.PartlyEmpty : CoverageCell.Empty,
        _ => stored > 0 ? CoverageCell.PartlyMissing : CoverageCell.Missing,
    };
}

/// <summary>What a cell of a <see cref="CoverageStrip"/> shows.</summary>
public enum CoverageCell
{
    /// <summary>All its bars are stored.</summary>
    Stored,

    /// <summary>Its bars are stored, or known not to exist.</summary>
    PartlyEmpty,

    /// <summary>All its bars are known not to exist.</summary>
    Empty,

    /// <summary>Some of its bars are missing, and some are stored.</summary>
    PartlyMissing,

    /// <summary>None of its bars is stored, and some are missing.</summary>
    Missing,
}
