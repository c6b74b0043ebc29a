using System.Text;
using System.Text.Json;
using FsCheck.Xunit;
using Qmtl.Reporting;
using Qmtl.Time;

namespace Qmtl.Unit.Reporting;

/// <summary>What keeps a page small: ranges that are shown as one, bars that are drawn together, bars that are not read.</summary>
public sealed class ReportBoundsTests
{
    private static readonly BarInterval Minute = BarInterval.FromSeconds(60);

    [Fact]
    public void Ranges_that_lie_closest_are_shown_as_one_with_their_number_and_bars()
    {
        var set = new TimeRangeSet(Minute, new TimeRange(0, 60), new TimeRange(180, 180), new TimeRange(6000, 6000), new TimeRange(9000, 9060));

        Assert.Equal("[0,60,2,120,0,1,5820,0,1,3000,60,2]", Shown(set, 4));
        Assert.Equal("[0,180,[3,2],5820,0,1,3000,60,2]", Shown(set, 3));
        Assert.Equal("[0,9060,[6,4]]", Shown(set, 1));
    }

    [Property]
    public void No_bar_is_lost_and_there_are_never_more_than_asked_for(ushort[] minutes, byte most)
    {
        var set = new TimeRangeSet(Minute, minutes.Select(minute => new TimeRange(60 * minute, 60 * minute)));
        int limit = Math.Max((byte)1, most);

        long[] flat = [.. JsonDocument.Parse(Shown(set, limit)).RootElement.EnumerateArray()
            .Select(entry => entry.ValueKind == JsonValueKind.Array ? entry[0].GetInt64() : entry.GetInt64())];

        Assert.Equal(Math.Min(limit, set.Count), flat.Length / 3);
        Assert.Equal(set.BarCount, flat.Where((_, i) => i % 3 == 2).Sum());
        Assert.Equal(set.Bounds?.End ?? 0, flat.Where((_, i) => i % 3 != 2).Sum());
    }

    [Theory]
    [InlineData("1m", 100, 100, "1m")]
    [InlineData("1m", 101, 100, "2m")]
    [InlineData("1m", 525_600, 500, "1d")]
    [InlineData("1h", 8760, 500, "1d")]
    [InlineData("1d", 3650, 500, "2w")]
    [InlineData("7s", 100, 50, "21s")]
    [InlineData("1M", 120, 50, "3M")]
    [InlineData("5M", 60, 50, "10M")]
    public void Candles_have_lengths_that_people_think_in(string bars, int count, int most, string width)
    {
        BarInterval interval = BarInterval.Parse(bars);
        long first = interval.Ceiling(HeldHistory.NewYear);

        Assert.Equal(width, CandleWidth.For(interval, new TimeRange(first, interval.Add(first, count - 1)), most).ToString());
    }

    [Property]
    public void There_are_never_more_candles_than_asked_for(ushort start, ushort count, byte most)
    {
        int limit = Math.Max((byte)10, most);
        var range = new TimeRange(60 * start, 60 * (start + count));

        BarInterval width = CandleWidth.For(Minute, range, limit);

        Assert.InRange(width.CountBetween(width.Floor(range.Start), width.Floor(range.End)), 1, limit);
    }

    [Fact]
    public void Bars_to_read_are_shared_out_with_what_small_streams_leave()
    {
        Assert.Equal([10, 45, 45], CandleWidth.Shares([10, 1000, 500], 100));
        Assert.Equal([10, 20, 30], CandleWidth.Shares([10, 20, 30], 100));
        Assert.Empty(CandleWidth.Shares([], 100));
    }

    [Fact]
    public void The_last_bars_of_a_set_reach_over_its_holes()
    {
        var set = new TimeRangeSet(Minute, new TimeRange(0, 540), new TimeRange(6000, 6120));

        Assert.Equal(new TimeRange(6060, 6120), CandleWidth.LastOf(set, 2));
        Assert.Equal(new TimeRange(480, 6120), CandleWidth.LastOf(set, 5));
        Assert.Equal(new TimeRange(0, 6120), CandleWidth.LastOf(set, 100));
    }

    private static string Shown(TimeRangeSet set, int most)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            new ShownRanges(set, most).WriteTo(json);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }
}
