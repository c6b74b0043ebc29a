using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    [StoreTheory]
    [InlineData("1M", -1)]
    [InlineData("3M", -3)]
    [InlineData("1d@08:00", -800_001)]
    [InlineData("1w@Sun16:00", -16_000_007)]
    public async Task Bars_of_a_calendar_are_kept_covered_read_and_known_to_be_empty(string text, int number)
    {
        var interval = BarInterval.Parse(text);
        var stream = new StreamKey("BTCUSDT", interval);
        long first = interval.Ceiling(UnixTime.Parse("2017-08-15").ToUnixTimeSeconds());
        long[] opens = [.. Enumerable.Range(0, 60).Where(bar => bar is not (7 or 20 or 21)).Select(bar => interval.Add(first, bar))];
        var close = new BarColumn<double>("close", Array.ConvertAll(opens, open => open / 2.0));
        TimeRangeSet written = TimeRangeSet.FromTimestamps(interval, opens);
        var all = new TimeRangeSet(interval, written.Bounds!.Value);
        await using (IHistoryStore store = Open())
        {
            // The same node's minutes and days are in the table as well.
            await WriteAsync(store, Frame(opens[0], opens[0] + 60));
            var days = new StreamKey("BTCUSDT", BarInterval.Parse("1d"));
            await WriteAsync(store, days, new BarFrame(days.Interval, new[] { days.Interval.Floor(opens[3]) }, [new BarColumn<double>("close", new[] { 1.0 })]));
            await store.WriteAsync(stream, [new BarPage(Source, new BarFrame(interval, opens, [close]), all, all.Subtract(written))]);
        }

        await using IHistoryStore again = Open();
        Assert.Equal(written, await again.GetCoverageAsync(stream));
        Assert.Equal(written.Intersect(new TimeRange(opens[5] + 1, opens[30] - 1)), await again.GetCoverageAsync(stream, new TimeRange(opens[5] + 1, opens[30] - 1)));
        Assert.Equal(all.Subtract(written), await again.GetKnownEmptyAsync(stream, Source));
        Assert.Equal([3, 4], all.Subtract(written).Select(range => range.CountBars(interval) + 2));
        BarFrame read = await ReadOneAsync(again, stream);
        Assert.Equal(opens, OpensOf(read));
        Assert.Equal(opens.Select(open => (object?)(open / 2.0)), ValuesOf(read, "close"));
        Assert.Equal(
            [BarInterval.Parse("1m"), BarInterval.Parse("1d"), interval],
            (await again.GetStreamsAsync()).Select(found => found.Interval).OrderBy(found => found == interval ? 1 : 0).ThenBy(found => found));
        Assert.Equal(57L, Convert.ToInt64(await ScalarAsync($"SELECT count(*) FROM \"BTCUSDT\" WHERE \"interval\" = {number}"), null));
    }

    [StoreTheory]
    [InlineData("1M", 1_500, 0.9, 1)]
    [InlineData("1d@08:00", 12_000, 0.99, 2)]
    [InlineData("1w@Sun16:00", 3_000, 0.999, 3)]
    public async Task Coverage_of_a_calendar_equals_a_naive_model(string text, int bars, double density, int seed)
    {
        var stream = new StreamKey("random", BarInterval.Parse(text));
        await using IHistoryStore store = Open();
        await new CoverageModel { Start = stream.Interval.Ceiling(0), Bars = bars, BarsInStretch = bars / 3, BarsToFarStretch = bars, Density = density, Seed = seed }
            .CheckAsync(store, stream, frame => WriteAsync(store, stream, frame));
    }

    [StoreFact]
    public async Task Rows_of_other_programs_that_open_on_no_month_are_no_bars()
    {
        var stream = new StreamKey("BTCUSDT", BarInterval.FromMonths(1));
        await using IHistoryStore store = Open();
        long[] opens = [.. Enumerable.Range(0, 4).Select(bar => stream.Interval.Add(0, bar))];
        await WriteAsync(store, stream, new BarFrame(stream.Interval, new[] { opens[0], opens[2] }, [new BarColumn<double>("close", new[] { 1.0, 3.0 })]));
        await ExecuteAsync($"INSERT INTO \"BTCUSDT\" (node_id, \"interval\", ts, close) VALUES ('BTCUSDT', -1, {opens[1] + 86_400}, 2)");
        await ExecuteAsync($"INSERT INTO \"BTCUSDT\" (node_id, \"interval\", ts, close) VALUES ('BTCUSDT', -1, {opens[3]}, 4)");

        Assert.Equal(TimeRangeSet.FromTimestamps(stream.Interval, [opens[0], opens[2], opens[3]]), await store.GetCoverageAsync(stream));
        Assert.Equal([opens[0], opens[2], opens[3]], OpensOf(await ReadOneAsync(store, stream)));
    }
}
