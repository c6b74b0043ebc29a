using Qmtl.Time;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// Draws a stream's history as one line in which a person sees the holes: each cell stands for an equal share of the time,
/// and shows what is the worst of it, so that a single missing bar is never hidden by its neighbours.
/// </summary>
internal static class CoverageStrip
{
    private enum Cell
    {
        Stored,
        PartlyEmpty,
        Empty,
        PartlyMissing,
        Missing,
    }

    /// <summary>What the signs mean, for the line under a strip, each as Spectre markup.</summary>
    public static IReadOnlyList<string> Legend(bool unicode) => unicode
        ?
        [
            "[green]█[/] stored",
            "[green]▓[/] stored, holes known to be empty",
            "[grey]░[/] known to be empty",
            "[red]▒[/] some missing",
            "[red]·[/] all missing",
        ]
        : ["# stored", "+ stored, holes known to be empty", "- known to be empty", "~ some missing", ". all missing"];

    /// <summary>The strip as Spectre markup.</summary>
    /// <param name="within">The time it shows, both ends included.</param>
    /// <param name="stored">The bars that are there.</param>
    /// <param name="empty">The bars that a source is known not to have.</param>
    /// <param name="width">How many cells, where there are as many bars.</param>
    /// <param name="unicode">Blocks and colours rather than ASCII.</param>
    public static string Draw(TimeRange within, TimeRangeSet stored, TimeRangeSet empty, int width, bool unicode)
    {
        BarInterval interval = stored.Interval;
        long bars = within.CountBars(interval);
        int cells = (int)Math.Min(width, bars);
        long first = interval.Ceiling(within.Start);
        var line = new System.Text.StringBuilder();
        for (int i = 0; i < cells; i++)
        {
            var share = new TimeRange(interval.Add(first, bars * i / cells), interval.Add(first, (bars * (i + 1) / cells) - 1));
            Cell cell = Classify(share.CountBars(interval), stored.Intersect(share).BarCount, empty.Intersect(share).BarCount);
            line.Append(unicode ? Block(cell) : Sign(cell));
        }

        return line.ToString();
    }

    private static Cell Classify(long bars, long stored, long empty) => bars switch
    {
        _ when stored >= bars => Cell.Stored,
        _ when stored + empty >= bars => stored > 0 ? Cell.PartlyEmpty : Cell.Empty,
        _ => stored > 0 ? Cell.PartlyMissing : Cell.Missing,
    };

    private static string Block(Cell cell) => cell switch
    {
        Cell.Stored => "[green]█[/]",
        Cell.PartlyEmpty => "[green]▓[/]",
        Cell.Empty => "[grey]░[/]",
        Cell.PartlyMissing => "[red]▒[/]",
        _ => "[red]·[/]",
    };

    private static char Sign(Cell cell) => cell switch
    {
        Cell.Stored => '#',
        Cell.PartlyEmpty => '+',
        Cell.Empty => '-',
        Cell.PartlyMissing => '~',
        _ => '.',
    };
}
