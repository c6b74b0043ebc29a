using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Time;

public sealed class AskedRangeTests
{
    private static readonly BarInterval Minute = BarInterval.Parse("1m");

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddSeconds(605);

    [Fact]
    public void An_open_end_is_the_last_bar_that_has_closed()
    {
        Assert.Equal(new TimeRange(60, 540), AskedRange.Closed(Minute, At(60), end: null, Now, out string? note));
        Assert.Null(note);
    }

    [Fact]
    public void What_a_source_has_is_the_default_of_an_end_only_where_that_makes_a_range()
    {
        var extent = new TimeRange(120, 240);

        Assert.Equal((At(120), At(240)), AskedRange.Within(null, null, extent));
        Assert.Equal((At(240), At(240)), AskedRange.Within(At(240), null, extent));
        Assert.Equal((At(300), (DateTimeOffset?)null), AskedRange.Within(At(300), null, extent));
        Assert.Equal(((DateTimeOffset?)null, At(60)), AskedRange.Within(null, At(60), extent));
    }

    [Fact]
    public void A_later_end_is_moved_and_that_is_said()
    {
        Assert.Equal(new TimeRange(60, 540), AskedRange.Closed(Minute, At(60), At(9000), Now, out string? note));
        Assert.Equal("The end 1970-01-01T02:30:00Z is moved to 1970-01-01T00:09:00Z, the last 1m bar that has closed.", note);
    }

    [Fact]
    public void Nothing_that_has_closed_is_no_range_and_the_note_says_so()
    {
        Assert.Null(AskedRange.Closed(Minute, At(600), end: null, Now, out string? note));
        Assert.Equal("No 1m bar that has closed opens from 1970-01-01T00:10:00Z to now: there is nothing to look at.", note);
    }

    [Fact]
    public void A_start_within_a_second_begins_with_the_next_one()
    {
        Assert.Equal(new TimeRange(61, 120), AskedRange.Between(At(60).AddMilliseconds(1), At(120).AddMilliseconds(1)));
        Assert.Equal(new TimeRange(61, 61), AskedRange.Between(At(60).AddMilliseconds(1), At(61)));
    }

    [Fact]
    public void Two_ends_inside_one_second_are_refused_for_no_bar_opens_there()
    {
        (DateTimeOffset start, DateTimeOffset end) = (At(60).AddMilliseconds(1), At(60).AddMilliseconds(2));
        string message = Assert.Throws<ArgumentException>(() => AskedRange.Between(start, end)).Message;

        Assert.StartsWith("No bar can open from 1970-01-01T00:01:00.001Z to 1970-01-01T00:01:00.002Z: ", message, StringComparison.Ordinal);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => AskedRange.Closed(Minute, start, end, Now, out _)).Message);
    }

    [Fact]
    public void Ends_that_are_swapped_and_a_start_in_the_future_are_refused()
    {
        Assert.Contains("Swap the two", Assert.Throws<ArgumentException>(() => AskedRange.Between(At(120), At(60))).Message, StringComparison.Ordinal);
        Assert.Contains("in the future", Assert.Throws<ArgumentException>(() => AskedRange.Closed(Minute, At(606), null, Now, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_without_a_start_begins_at_its_first_bar()
    {
        var stream = new StreamKey("X", Minute);
        Assert.Equal(At(120), AskedRange.FirstBar(stream, new TimeRangeSet(Minute, [new(120, 240)]), "x.db", "-Start"));
        ArgumentException refused = Assert.Throws<ArgumentException>(() => AskedRange.FirstBar(stream, TimeRangeSet.Empty(Minute), "x.db", "-Start"));
        Assert.Equal("x.db holds no bar of X 1m, so nothing says where its history begins. Give -Start.", refused.Message);
    }

    private static DateTimeOffset At(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);
}
