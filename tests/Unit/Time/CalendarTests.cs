using Qmtl.Time;

namespace Qmtl.Unit.Time;

/// <summary>Every verb of an interval, against a naive calendar, from before 1970 to after 2100.</summary>
public class CalendarTests
{
    private static readonly long From = DateTimeOffset.Parse("1965-01-01Z").ToUnixTimeSeconds();
    private static readonly long To = DateTimeOffset.Parse("2101-01-01Z").ToUnixTimeSeconds();

    public static TheoryData<string> Intervals => [.. NaiveCalendar.All.Select(calendar => calendar.Interval)];

    [Theory]
    [MemberData(nameof(Intervals))]
    public void Bars_open_where_a_naive_calendar_says(string interval)
    {
        NaiveCalendar calendar = NaiveCalendar.All.Single(known => known.Interval == interval);
        BarInterval bars = calendar.Bars;
        long checkedBars = 0;
        foreach (int number in Numbers(calendar))
        {
            (long before, long open, long next) = (calendar.OpenOf(number - 1), calendar.OpenOf(number), calendar.OpenOf(number + 1));

            Assert.Equal((before, next), (bars.Previous(open), bars.Next(open)));
            Assert.Equal((true, before == open - 1), (bars.IsOnGrid(open), bars.IsOnGrid(open - 1)));
            foreach (long instant in new[] { open, open + ((next - open) / 2), next - 1 })
            {
                Assert.Equal((open, before), (bars.Floor(instant), bars.LastClosedBar(instant)));
                Assert.Equal(instant == open ? open : next, bars.Ceiling(instant));
            }

            Assert.Equal(new TimeRange(before, next - 1), bars.TimeOf(new TimeRange(before, open)));
            checkedBars++;
        }

        Assert.InRange(checkedBars, 30, 20_000);
    }

    [Theory]
    [MemberData(nameof(Intervals))]
    public void Bars_are_added_and_counted_as_a_naive_calendar_does(string interval)
    {
        NaiveCalendar calendar = NaiveCalendar.All.Single(known => known.Interval == interval);
        BarInterval bars = calendar.Bars;
        int[] numbers = [.. Numbers(calendar)];
        var random = new Random(1);
        for (int i = 0; i < 1000; i++)
        {
            (int one, int other) = (numbers[random.Next(numbers.Length)], numbers[random.Next(numbers.Length)]);
            (long first, long last) = (Math.Min(one, other), Math.Max(one, other));
            (long start, long end) = (calendar.OpenOf((int)first), calendar.OpenOf((int)last));

            Assert.Equal(end, bars.Add(start, last - first));
            Assert.Equal(start, bars.Add(end, first - last));
            Assert.Equal(last - first + 1, bars.CountBetween(start, end));
            Assert.Equal(last - first + 1, new TimeRange(bars.Previous(start) + 1, bars.Next(end) - 1).CountBars(bars));
        }
    }

    [Theory]
    [InlineData("2000-02-29", "2000-02-01", "2000-03-01")]
    [InlineData("2100-02-28T23:59:59", "2100-02-01", "2100-03-01")]
    [InlineData("1969-12-31T23:59:59", "1969-12-01", "1970-01-01")]
    [InlineData("0001-01-15", "0001-01-01", "0001-02-01")]
    [InlineData("9999-11-30", "9999-11-01", "9999-12-01")]
    public void Months_are_those_of_the_Gregorian_calendar(string instant, string open, string next)
    {
        var month = BarInterval.FromMonths(1);

        Assert.Equal(Unix(open), month.Floor(Unix(instant)));
        Assert.Equal(Unix(next), month.Next(Unix(open)));
    }

    [Fact]
    public void The_ends_of_time_have_months_too()
    {
        var month = BarInterval.FromMonths(1);
        TimeRange all = Assert.NotNull(new TimeRange(long.MinValue, long.MaxValue).AlignTo(month));

        Assert.InRange(all.Start, long.MinValue, Unix("0001-01-01"));
        Assert.InRange(all.End, Unix("9999-12-01"), long.MaxValue);
        Assert.True(month.IsOnGrid(all.Start) && month.IsOnGrid(all.End));
    }

    [Theory]
    [InlineData("1M", "1d", true)]
    [InlineData("1M", "4h", true)]
    [InlineData("3M", "1M", true)]
    [InlineData("12M", "3M", true)]
    [InlineData("1M", "1w", false)]
    [InlineData("1M", "3M", false)]
    [InlineData("1M", "1d@08:00", false)]
    [InlineData("1w", "1M", false)]
    [InlineData("1w", "1d", true)]
    [InlineData("1d@08:00", "4h", true)]
    [InlineData("1d@08:00", "12h", false)]
    [InlineData("1w@Sun16:00", "1d@16:00", true)]
    [InlineData("1w@Sun16:00", "1d", false)]
    [InlineData("5m", "2m", false)]
    public void What_is_made_of_what_is_told(string interval, string shorter, bool expected) =>
        Assert.Equal(expected, BarInterval.Parse(interval).IsMadeOf(BarInterval.Parse(shorter)));

    private static long Unix(string time) => UnixTime.Parse(time).ToUnixTimeSeconds();

    // All bars where they are not too many, and a sample of shorter ones.
    private static IEnumerable<int> Numbers(NaiveCalendar calendar)
    {
        long first = NumberOf(calendar, From);
        long last = NumberOf(calendar, To);
        long stride = Math.Max(1, (last - first) / 10_000);
        for (long number = first; number <= last; number += stride)
        {
            yield return (int)number;
        }
    }

    // 2^31 seconds reach to 2038: enough of a sample.
    private static long NumberOf(NaiveCalendar calendar, long time) =>
        (long)Math.Clamp((time - calendar.OpenOf(0)) / calendar.Bars.Duration.TotalSeconds, int.MinValue / 2, int.MaxValue - 2);
}
