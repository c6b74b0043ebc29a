using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Recording;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// Calendar months on their whole way: from an exchange and files into a store, a cache, a strategy and a recorder's journal.
/// </summary>
public sealed class MonthsTests : IDisposable
{
    private static readonly BarInterval Month = BarInterval.Parse("1M");
    private static readonly BarInterval Day = BarInterval.Parse("1d");
    private static readonly StreamKey Months = new("AB", Month);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1M", 1)]
    [InlineData("3M", 3)]
    public async Task An_exchanges_months_are_filled_and_one_without_trades_is_learnt_to_be_empty(string text, int months)
    {
        // Nothing was traded from 2021-04 to 2021-06.
        SimulatedCandle[] days = [.. Days("2020-01-01", "2022-12-31").Where(day => DateOf(day.Timestamp) is not { Year: 2021, Month: >= 4 and <= 6 })];
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new RecordedMarket("AB", Day, days)] });
        var stream = new StreamKey("AB", BarInterval.Parse(text));
        TimeRange asked = new(Unix("2019-12-20"), Unix("2022-12-31"));
        IDataFetcher source = months == 1
            ? ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri, BarsPerRequest = 10 })
            : new DelegateFetcher("quarters", (_, range, _) => Task.FromResult(ScriptedFetcher.Bars(
                days.GroupBy(day => Quarter(day.Timestamp)).Select(quarter => quarter.Key).Where(range.Contains))));
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File("bars.db"));

        BackfillResult result = Assert.Single(await new BackfillEngine().RunAsync([new BackfillRequest(store, source, stream, [asked])]).ToListAsync());

        Assert.Equal((BackfillStatus.Completed, 33L / months, 3L / months), (result.Status, result.BarsWritten, result.BarsEmpty));
        Assert.Equal([new TimeRange(Unix("2021-04-01"), Unix(months == 1 ? "2021-06-01" : "2021-04-01"))], await store.GetKnownEmptyAsync(stream, source.Name));
        Assert.Equal(
            [new TimeRange(Unix("2020-01-01"), Unix(months == 1 ? "2021-03-01" : "2021-01-01")), new TimeRange(Unix("2021-07-01"), Unix(months == 1 ? "2022-12-01" : "2022-10-01"))],
            await store.GetCoverageAsync(stream));
        if (months == 1)
        {
            Assert.All(exchange.Requests, request => Assert.Equal("1M", request.Interval));
            var volumes = new List<double>();
            await foreach (BarFrame frame in store.ReadAsync(stream, asked))
            {
                volumes.AddRange(frame.Rows.Select(row => (double)row["volume"]!));
            }

            Assert.Equal(days.GroupBy(day => DateOf(day.Timestamp).ToString("yyyy-MM", CultureInfo.InvariantCulture)).Select(month => (double)month.Count()), volumes);
        }
    }

    [SharedDataFact]
    public void Real_candles_make_the_months_that_grouping_by_date_makes()
    {
        ISimulatedMarket market = RecordedMarket.FromCsv(SharedData.PathOf("ALTBTC-30m.csv"), "ALTBTC", BarInterval.Parse("30m"));
        string[][] rows = [.. File.ReadLines(SharedData.PathOf("ALTBTC-30m.csv")).Skip(1).Select(line => line.Split(','))];
        var expected = rows.GroupBy(row => DateOf(long.Parse(row[0], CultureInfo.InvariantCulture)).ToString("yyyy-MM", CultureInfo.InvariantCulture)).Select(month => (
            Unix($"{month.Key}-01"),
            Units(month.First()[1]),
            month.Max(row => Units(row[2])),
            month.Min(row => Units(row[3])),
            Units(month.Last()[4]),
            month.Sum(row => Units(row[5]))));

        Assert.Equal(
            expected,
            market.ReadAll(Month, new TimeRange(Unix("2017-12-01"), Unix("2018-01-01"))).Select(candle => (candle.Timestamp, candle.Open, candle.High, candle.Low, candle.Close, candle.Volume)));
        Assert.Equal(2, expected.Count());
    }

    [Fact]
    public async Task A_files_months_are_filled_and_a_day_of_a_month_is_told_to_be_none()
    {
        string path = _folder.File("AB.csv");
        await File.WriteAllTextAsync(path, "ts,close\n2024-01-01,1\n2024-02-01,2\n2024-04-01,4\n2024-05-02,5\n");
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File("bars.db"));
        var request = new BackfillRequest(store, new FileFetcher(path), Months, [new TimeRange(Unix("2024-01-01"), Unix("2024-05-31"))]);

        BackfillResult result = Assert.Single(await new BackfillEngine().RunAsync([request]).ToListAsync());

        Assert.Equal((3L, 1L, 1L, 1L), (result.BarsWritten, result.BarsEmpty, result.BarsRejected, result.BarsMissing));
        Assert.Contains(
            "2024-05-02T00:00:00Z lies inside the bar of 2024-05-01T00:00:00Z; 1M bars open on the 1st, 00:00 UTC. Off-grid Floor",
            result.Rejected.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_warm_up_loads_the_months_up_to_the_last_that_has_closed()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.Parse("2024-03-31T23:59:59Z", CultureInfo.InvariantCulture));
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File("bars.db"));
        var asked = new List<TimeRange>();
        var source = new DelegateFetcher("months", (_, range, _) =>
        {
            asked.Add(range);
            return Task.FromResult(ScriptedFetcher.Bars(Enumerable.Range(0, 12).Select(month => Month.Add(Unix("2023-06-01"), month)).Where(range.Contains)));
        });
        var stream = new StreamInput(new StreamInputOptions { NodeId = "AB", Interval = Month, Period = 5, HistoryProvider = new StoreHistoryProvider(store, source) });

        WarmupResult result = Assert.Single(await new HistoryWarmup(null, clock).RunAsync([stream]).ToListAsync());

        Assert.Equal((BackfillStatus.Completed, 5L), (result.Status, result.BarsLoaded));
        Assert.Equal(new TimeRange(Unix("2023-10-01"), Unix("2024-02-01")), result.Range);
        Assert.Equal([new TimeRange(Unix("2023-10-01"), Unix("2024-02-29") + 86_399)], asked);
    }

    [Fact]
    public void A_cache_misses_a_month_and_not_its_days()
    {
        var cache = new NodeCache(3);
        foreach (string open in new[] { "2024-01-01", "2024-02-01", "2024-03-01" })
        {
            cache.Append(Months, Unix(open) + 86_400, Payload.From(1.0));
            Assert.False(cache.IsMissing(Months));
        }

        cache.Append(Months, Unix("2024-05-01"), Payload.From(1.0));

        Assert.True(cache.IsMissing(Months));
        Assert.Equal([Unix("2024-02-01"), Unix("2024-03-01"), Unix("2024-05-01")], cache.Slice(Months, 9).Timestamps.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void By_closes_a_month_comes_with_its_last_day(bool parallel)
    {
        long first = Unix("2024-01-30");
        long[] opens = [.. Enumerable.Range(0, 33).Select(day => Day.Add(first, day))];
        StreamInput days = Stream("D", Day, opens, opens.Select(_ => 1.0));
        StreamInput months = Stream("M", Month, [Unix("2024-01-01"), Unix("2024-02-01")], [100, 200]);
        var pipeline = new Pipeline([Graphs.Sum("sum", days, months)], new PipelineOptions { Order = BarOrder.Close, Parallel = parallel });

        var results = new List<(string Day, object? Value)>();
        pipeline.Replay(result => results.Add((DateOf(result.Timestamp).ToString("MM-dd", CultureInfo.InvariantCulture), result.Payload.ToObject())));

        // A sum is there once both have a bar: with the 31st of January, and from then on each day, with February's from the 29th on.
        Assert.Equal(("01-31", 101.0), results[0]);
        Assert.All(results.Where(result => string.CompareOrdinal(result.Day, "02-29") < 0), result => Assert.Equal(101.0, result.Value));
        Assert.Equal([("02-29", 101.0), ("02-29", 201.0), ("03-01", 201.0), ("03-02", 201.0)], results.TakeLast(4));
    }

    [Fact]
    public async Task Recorded_months_and_days_of_another_hour_outlive_the_process_in_the_journal()
    {
        var days = new StreamKey("AB", BarInterval.Parse("1d@08:00"));
        var options = new EventRecorderOptions { SpoolFolder = _folder.File("spool"), ShutdownTimeout = TimeSpan.Zero };
        var away = new ScriptedRecorder { BeforePersist = (_, _, _) => throw new StoreException("away") { IsTransient = true } };
        await using (var service = new EventRecorderService(away, options))
        {
            service.Record(Months, Unix("2024-02-29"), Payload.From(2.0));
            service.Record(days, Unix("2024-02-29"), Payload.From(3.0));
        }

        var there = new ScriptedRecorder();
        await using (var service = new EventRecorderService(there, options))
        {
            await service.FlushAsync();
        }

        Assert.Equal(2.0, there.Row(Months, Unix("2024-02-01"))!["value"]);
        Assert.Equal(3.0, there.Row(days, Unix("2024-02-28") + (8 * 3600))!["value"]);
    }

    private static StreamInput Stream(string id, BarInterval interval, long[] opens, IEnumerable<double> closes)
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = id, Interval = interval, Period = 100 });
        stream.Cache.BackfillBulk(stream.Key, new BarFrame(interval, opens, [new BarColumn<double>("close", closes.ToArray())]));
        return stream;
    }

    private static IEnumerable<SimulatedCandle> Days(string first, string last)
    {
        for (long day = Unix(first); day <= Unix(last); day += 86_400)
        {
            yield return new SimulatedCandle(day, day, day, day, day, SimulatedCandle.Scale, 1, 1, 1, 1);
        }
    }

    private static long Quarter(long timestamp) =>
        DateOf(timestamp) is var date ? new DateTimeOffset(date.Year, ((date.Month - 1) / 3 * 3) + 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds() : 0;

    private static long Units(string text) => SimulatedCandle.FromDecimal(decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));

    private static DateTime DateOf(long timestamp) => DateTimeOffset.FromUnixTimeSeconds(timestamp).UtcDateTime;

    private static long Unix(string time) => UnixTime.Parse(time).ToUnixTimeSeconds();
}
