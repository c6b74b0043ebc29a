using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

public sealed class CoverageStripTests
{
    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    [Fact]
    public void Each_cell_shows_the_worst_of_its_bars()
    {
        // Cells of ten minutes: all stored, one missing, one empty, all empty, all missing, and empty but for a missing one.
        var within = new TimeRange(0, 59 * 60);
        var stored = new TimeRangeSet(Minute, Minutes(0, 14), Minutes(16, 24), Minutes(26, 29));
        var empty = new TimeRangeSet(Minute, Minutes(25, 25), Minutes(30, 39), Minutes(51, 59));

        Assert.Equal("#~+-..", Signs(CoverageStrip.Draw(within, stored, empty, width: 6)));
    }

    [Fact]
    public void A_single_missing_minute_of_a_year_is_seen()
    {
        var year = new TimeRange(0, (365 * 1440 * 60) - 60);
        TimeRangeSet stored = new TimeRangeSet(Minute, year).Subtract(new TimeRangeSet(Minute, Minutes(300_000, 300_000)));

        string strip = Signs(CoverageStrip.Draw(year, stored, TimeRangeSet.Empty(Minute), width: 72));

        Assert.Equal(72, strip.Length);
        Assert.Single(strip, '~');
        Assert.Equal(71, strip.Count(sign => sign == '#'));
    }

    [Fact]
    public void There_are_no_more_cells_than_bars() =>
        Assert.Equal("###", Signs(CoverageStrip.Draw(Minutes(7, 9), new TimeRangeSet(Minute, Minutes(0, 99)), TimeRangeSet.Empty(Minute), width: 72)));

    [Fact]
    public void What_is_missing_is_red_and_each_sign_is_explained()
    {
        Assert.Equal(["green", "green", "grey", "red", "red"], Enum.GetValues<CoverageCell>().Select(CoverageStrip.ColourOf));
        Assert.Equal("█▓░▒·", string.Concat(CoverageStrip.Legend(unicode: true).Select(entry => entry.Sign)));
        Assert.Equal(5, CoverageStrip.Legend(unicode: false).Select(entry => entry.Meaning).Distinct().Count());
    }

    private static string Signs(IEnumerable<CoverageCell> cells) =>
        string.Concat(cells.Select(cell => CoverageStrip.SignOf(cell, unicode: false)));

    private static TimeRange Minutes(int first, int last) => new(60L * first, 60L * last);
}
