using Qmtl.Time;

namespace Qmtl.Unit.Time;

public class TimeRangeTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    [Fact]
    public void A_start_after_the_end_is_refused_with_both()
    {
        var error = Assert.Throws<ArgumentException>(() => new TimeRange(60, 0));

        Assert.Contains("1970-01-01T00:01:00Z, after its end 1970-01-01T00:00:00Z. Swap the two.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 120, 0, 120, 3)]
    [InlineData(1, 119, 60, 60, 1)]
    [InlineData(-60, -1, -60, -60, 1)]
    [InlineData(-1, 0, 0, 0, 1)]
    public void Alignment_goes_inward(long start, long end, long alignedStart, long alignedEnd, long bars)
    {
        Assert.Equal(new TimeRange(alignedStart, alignedEnd), new TimeRange(start, end).AlignTo(Minute));
        Assert.Equal(bars, new TimeRange(start, end).CountBars(Minute));
    }

    [Fact]
    public void A_range_in_which_no_bar_opens_has_none()
    {
        Assert.Null(new TimeRange(1, 59).AlignTo(Minute));
        Assert.Equal(0, new TimeRange(1, 59).CountBars(Minute));
    }

    [Fact]
    public void Both_ends_are_inside()
    {
        var range = new TimeRange(60, 120);

        Assert.Equal((false, true, true, false), (range.Contains(59), range.Contains(60), range.Contains(120), range.Contains(121)));
        Assert.Equal(new TimeRange(120, 120), range.Intersect(new TimeRange(120, 500)));
        Assert.Null(range.Intersect(new TimeRange(121, 500)));
        Assert.True(range.Overlaps(new TimeRange(0, 60)));
    }
}
