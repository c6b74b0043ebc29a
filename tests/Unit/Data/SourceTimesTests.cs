using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Unit.Data;

/// <summary>The one rule for times from outside.</summary>
public class SourceTimesTests
{
    private static readonly long Bar = UnixTime.Parse("2018-01-10T04:55:00Z").ToUnixTimeSeconds();

    [Theory]
    [InlineData(1_515_560_100L, null)]
    [InlineData(1_515_560_100_000L, "milliseconds")]
    [InlineData(1_515_560_100_000_000L, "microseconds")]
    [InlineData(1_515_560_100_000_000_000L, "nanoseconds")]
    [InlineData(1_515_560_100_000.0, "milliseconds")]
    [InlineData(1_515_560_100_000_000_000.0, "nanoseconds")]
    [InlineData("1515560100000", "milliseconds")]
    [InlineData("1.5155601E12", "milliseconds")]
    public void A_number_is_told_by_its_size_and_its_unit_is_said(object time, string? unit)
    {
        RawBars bars = RawBars.FromRows([new { ts = time, close = 1.0 }]);

        Assert.Equal([Bar], bars.Timestamps.ToArray());
        Assert.True(bars.Nanoseconds.IsEmpty);
        Assert.Equal(unit is null ? 0 : 1, bars.Notes.Count);
        Assert.All(bars.Notes, note => Assert.Matches($@"^its times are read as Unix {unit} \(1515560100(000)+ is 2018-01-10T04:55:00Z\)$", note.Text));
    }

    [Fact]
    public void Milliseconds_off_the_second_keep_their_rest() =>
        Assert.Equal([789_000_000], RawBars.FromRows([new { ts = 1_515_560_114_789, close = 1.0 }]).Nanoseconds.ToArray());

    [Theory]
    [InlineData(20231113, "2023-11-13")]
    [InlineData(202311130930, "2023-11-13T09:30:00Z")]
    [InlineData(20231113093015, "2023-11-13T09:30:15Z")]
    public void Digits_of_a_date_are_dates_where_there_is_nothing_else(long time, string instant)
    {
        RawBars bars = RawBars.FromRows([new { ts = time, close = 1.0 }]);

        Assert.Equal([UnixTime.Parse(instant).ToUnixTimeSeconds()], bars.Timestamps.ToArray());
        Assert.StartsWith("its times are read as dates (", Assert.Single(bars.Notes).Text, StringComparison.Ordinal);
        Assert.True(bars.Notes[0].IsWarning);
        Assert.Equal([20231113, 20231160], RawBars.FromRows([new { ts = 20231113, close = 1.0 }, new { ts = 20231160, close = 1.0 }]).Timestamps.ToArray());
    }

    [Theory]
    [InlineData(1_701_388_800)]
    [InlineData(0)]
    [InlineData(30)]
    public void Dates_with_a_number_of_another_kind_are_refused_with_one_of_each(long other)
    {
        long[] times = [20231101, 20231102, 20231103, other];

        var error = Assert.Throws<FormatException>(() => RawBars.FromRows(times.Select(time => (object?)new { ts = time, close = 1.0 })));

        Assert.Equal(
            $"The times in ts are of two kinds: dates in digits, such as 20231101 (3 of them), and others, such as {other} (1). "
            + "Write all as dates or all as Unix seconds, and leave out what is no bar.",
            error.Message);
    }

    [Fact]
    public void Units_that_are_joined_are_each_read_by_size_and_that_is_said()
    {
        RawBars bars = RawBars.FromRows([new { ts = 1_735_689_540_000, close = 1.0 }, new { ts = 1_735_689_600_000_000, close = 1.0 }]);

        Assert.Equal([1_735_689_540, 1_735_689_600], bars.Timestamps.ToArray());
        Assert.Contains("milliseconds and microseconds, each read by its size", Assert.Single(bars.Notes).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_in_milliseconds_that_begins_in_1970_is_one_series()
    {
        long[] days = [.. Enumerable.Range(0, 2000).Select(day => 86_400L * day)];

        RawBars bars = RawBars.FromRows(days.Select(day => (object?)new { ts = day * 1000, close = 1.0 }));

        Assert.Equal(days, bars.Timestamps.ToArray());
    }

    [Theory]
    [InlineData("2018-01-10 04:55:00", true)]
    [InlineData("2018-01-10", true)]
    [InlineData("2018-01-10T04:55:00Z", false)]
    [InlineData("2018-01-10T04:55:00+02:00", false)]
    [InlineData("2018-01-10 04:55-05", false)]
    public void Times_without_an_offset_are_said_to_be_UTC(string time, bool isSaid)
    {
        RawBars bars = RawBars.FromRows([new { ts = time, close = 1.0 }]);

        Assert.Equal(isSaid ? [(SourceNoteKind.TimesWithoutOffset, false)] : [], bars.Notes.Select(note => (note.Kind, note.IsWarning)));
    }

    [Fact]
    public void A_time_that_is_none_is_named()
    {
        RawBars bars = RawBars.FromRows([new { ts = "soon" + new string('x', 5000), close = 1.0 }, new { ts = long.MaxValue, close = 1.0 }]);

        Assert.Equal(2, bars.Unreadable[RejectionReason.MissingTimestamp]);
        Assert.StartsWith("'soonxxx", bars.Notes[0].Text, StringComparison.Ordinal);
        Assert.All(bars.Notes, note => Assert.InRange(note.Text.Length, 10, 300));
    }

    [Fact]
    public void What_has_to_be_seconds_is_refused_with_its_unit()
    {
        var error = Assert.Throws<ArgumentException>(() => UnixTime.RequireSeconds(1_515_560_100_000));

        Assert.StartsWith(
            "1515560100000 would be after the year 2099 as Unix seconds; as Unix milliseconds it is 2018-01-10T04:55:00Z. Divide it by 1000.", error.Message, StringComparison.Ordinal);
        UnixTime.RequireSeconds(0);
        UnixTime.RequireSeconds(4_102_444_799);
        UnixTime.RequireSeconds(-1_000_000_000);
    }
}
