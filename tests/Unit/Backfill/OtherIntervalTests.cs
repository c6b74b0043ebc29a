using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>Answers whose rows are of another interval, or open at other hours, than was asked for.</summary>
public sealed class OtherIntervalTests : BackfillEngineTestBase
{
    [Theory]
    [InlineData(300, "5m")]
    [InlineData(30, "30s")]
    public async Task Rows_of_another_interval_are_refused_and_teach_nothing(long seconds, string evident)
    {
        var source = new DelegateFetcher("other", (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(
            Enumerable.Range(0, 4000).Select(i => i * seconds).Where(range.Contains))));

        BackfillResult result = await RunOneAsync(source, new TimeRange(0, 60 * 999));

        Assert.Equal((BackfillStatus.Failed, 0L, 0L), (result.Status, result.BarsWritten, result.BarsEmpty));
        Assert.Contains($"are evidently {evident} bars", result.Error!.Message, StringComparison.Ordinal);
        Assert.True((await Store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
    }

    [Theory]
    [InlineData("1h", 86400, 79200, "1d")]
    [InlineData("1h", 14400, 3600, "4h")]
    [InlineData("1d", 604800, 0, "1w")]
    [InlineData("1m", 300, 14, "5m")]
    [InlineData("1m", 300, 299, "5m")]
    [InlineData("1h", 1800, 7, "30m")]
    public async Task Rows_of_another_interval_are_told_wherever_its_bars_open(string asked, long seconds, long offset, string evident)
    {
        var stream = new StreamKey("X", BarInterval.Parse(asked));
        var source = new DelegateFetcher("other", (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(
            Enumerable.Range(0, 60).Select(i => (i * seconds) + offset).Where(range.Contains))));
        var range = new TimeRange(stream.Interval.Floor(seconds), stream.Interval.Floor(59 * seconds));

        BackfillResult result = Assert.Single(await RunAsync(source, [range], new BackfillOptions { OffGrid = OffGridRows.Floor }, stream));

        Assert.Contains($"are evidently {evident} bars", result.Error?.Message, StringComparison.Ordinal);
        Assert.True((await Store.GetKnownEmptyAsync(stream, null)).IsEmpty);
    }

    [Theory]
    [InlineData("1d", 1, 0, 40, "1M")]
    [InlineData("1d", 1, -8, 40, "1M")]
    [InlineData("1w", 1, 0, 40, "1M")]
    [InlineData("1h", 3, 0, 6, "3M")]
    [InlineData("1M", 3, 0, 40, "3M")]
    [InlineData("3M", 1, 0, 40, "1M")]
    [InlineData("12M", 3, 0, 40, "3M")]
    public async Task Months_are_told_by_the_calendar(string asked, int months, int hours, int bars, string evident)
    {
        long[] opens = [.. Enumerable.Range(0, bars).Select(bar => BarInterval.FromMonths(months).Add(1_577_836_800, bar) + (hours * 3600))];

        BackfillResult result = await AskAsync(asked, opens);

        Assert.Contains($"are evidently {evident} bars", result.Error?.Message, StringComparison.Ordinal);
        Assert.True((await Store.GetKnownEmptyAsync(result.Stream, null)).IsEmpty);
    }

    [Fact]
    public async Task A_row_that_comes_twice_hides_no_other_interval()
    {
        BackfillResult result = await AskAsync("1M", [1_577_836_800, .. Enumerable.Range(0, 150).Select(day => 1_577_836_800 + (day * 86_400L))]);

        Assert.Contains("are evidently 1d bars", result.Error?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1M", 604_800, "1w")]
    [InlineData("1M", 86_400, "1d")]
    [InlineData("3M", 86_400, "1d")]
    [InlineData("1w@Sun16:00", 86_400, "1d")]
    public async Task Days_and_weeks_are_told_from_months(string asked, long seconds, string evident)
    {
        BackfillResult result = await AskAsync(asked, [.. Enumerable.Range(0, 150).Select(bar => 1_578_268_800 + (bar * seconds))]);

        Assert.Contains($"are evidently {evident} bars", result.Error?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1M", "1M", 0)]
    [InlineData("3M", "3M", 0)]
    [InlineData("1d@08:00", "1d", 8)]
    [InlineData("1w@Tue", "1w", 24)]
    public async Task Bars_of_the_calendar_that_was_asked_for_are_taken(string asked, string given, int hours)
    {
        var bars = BarInterval.Parse(given);
        long[] opens = [.. Enumerable.Range(0, 40).Where(bar => bar % 7 != 3).Select(bar => bars.Add(bars.Ceiling(946_684_800), bar) + (hours * 3600))];

        BackfillResult result = await AskAsync(asked, opens);

        Assert.Equal((null, 34L, 6L), (result.Error, result.BarsWritten, result.BarsEmpty));
    }

    [Theory]
    [InlineData("1d", 8, "1d bars open every 1d from 1970-01-01T00:00:00Z on. If all open like this one, they are 1d@08:00 bars")]
    [InlineData("1d@08:00", 0, "1d@08:00 bars open every 1d from 1970-01-01T08:00:00Z on. If all open like this one, they are 1d bars")]
    [InlineData("1w", 16, "1w bars open Monday 00:00 UTC. If all open like this one, they are 1w@16:00 bars")]
    [InlineData("1w@Sun16:00", 0, "1w@Sun16:00 bars open Sunday 16:00 UTC. If all open like this one, they are 1w bars")]
    [InlineData("3M", 24, "3M bars open on the 1st, 00:00 UTC, every 3 months from January 1970 on. Off-grid Floor")]
    public async Task A_row_that_opens_at_another_hour_is_told_what_it_would_be(string asked, int hours, string rule)
    {
        // A Monday, and a quarter's first day.
        BackfillResult result = await AskAsync(asked, [1_569_888_000 + (hours * 3600) - (asked.StartsWith("1w", StringComparison.Ordinal) ? 86_400 : 0)]);

        Assert.Contains(rule, result.Rejected.ToString(), StringComparison.Ordinal);
    }

    private async Task<BackfillResult> AskAsync(string asked, long[] opens)
    {
        var stream = new StreamKey("X", BarInterval.Parse(asked));
        var source = new DelegateFetcher("other", (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(opens.Where(range.Contains))), barsPerRequest: 10_000);
        var range = new TimeRange(stream.Interval.Floor(opens[0]), stream.Interval.Floor(opens[^1]));
        return Assert.Single(await RunAsync(source, [range], stream: stream));
    }

    [Fact]
    public async Task An_answer_too_short_to_tell_is_not_believed_after_one_that_told()
    {
        var source = new DelegateFetcher(
            "other",
            (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(Enumerable.Range(0, 400).Select(i => i * 300L).Where(range.Contains))),
            barsPerRequest: 1000);

        BackfillResult result = await RunOneAsync(source, new TimeRange(0, 60 * 1019), new BackfillOptions { ThrottleLimit = 1 });

        Assert.Equal((BackfillStatus.Failed, 0L, 0L), (result.Status, result.BarsWritten, result.BarsEmpty));
    }
}
