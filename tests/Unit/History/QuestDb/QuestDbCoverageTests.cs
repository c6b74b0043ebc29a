using System.Globalization;
using Qmtl.Data;
using Qmtl.History.QuestDb;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>Coverage computed by a real QuestDB: its grid, its partitions, and what other programs do to them.</summary>
[Collection(QuestDbCollection.Name)]
public sealed class QuestDbCoverageTests(QuestDbServer server) : QuestDbStoreTest(server)
{
    [QuestDbTheory]
    [InlineData(60, 0.5, 1)]
    [InlineData(60, 0.999, 2)]
    [InlineData(1, 0.99, 3)]
    [InlineData(604800, 0.99, 4)]
    [InlineData(1209600, 0.9, 5)]
    public async Task Coverage_equals_a_naive_model(long seconds, double density, int seed)
    {
        var stream = new StreamKey("random", BarInterval.FromSeconds(seconds));
        await using QuestDbHistoryStore store = Open();
        await new CoverageModel { Start = stream.Interval.Ceiling(0), Bars = 20_000, BarsInStretch = 3_000, BarsToFarStretch = 100_000, Density = density, Seed = seed }
            .CheckAsync(store, stream, frame => WriteAsync(store, stream, frame));
    }

    [QuestDbFact]
    public async Task Rows_between_two_bars_neither_split_nor_fill_coverage()
    {
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(0, 2000).Where(bar => bar is not 100 and not 1500).Select(bar => bar * 60L)]));
        await Server.ExecuteAsync("INSERT INTO \"BTCUSDT\" (node_id, interval, ts) VALUES ('BTCUSDT', 60, 6001000000), ('BTCUSDT', 60, 90000000001), ('BTCUSDT', 60, 59000000), ('BTCUSDT', 60, 119999900000)");
        Assert.Equal(Set((0, 99 * 60), (101 * 60, 1499 * 60), (1501 * 60, 1999 * 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(1998, (await ReadOneAsync(store)).Count);
    }

    [QuestDbFact]
    public async Task Coverage_follows_what_other_programs_drop_and_add()
    {
        await using QuestDbHistoryStore store = Open();
        long february = DateTimeOffset.Parse("2024-02-01Z", CultureInfo.InvariantCulture).ToUnixTimeSeconds();
        await WriteAsync(store, Frame(february - 60, february));
        await Server.ExecuteAsync("ALTER TABLE \"BTCUSDT\" DROP PARTITION LIST '2024-02'");
        await Server.ExecuteAsync($"INSERT INTO \"BTCUSDT\" (node_id, interval, ts) VALUES ('BTCUSDT', 60, {(february - 120) * 1_000_000})");
        Assert.Equal(Set((february - 120, february - 60)), await store.GetCoverageAsync(Stream));
    }

    // 0, 4, 5 and 1, 2, 6 have the same count, sum and sum of squares.
    [QuestDbTheory]
    [InlineData("WAL", new[] { 100 }, new[] { 200 })]
    [InlineData("WAL", new[] { 300, 304, 305 }, new[] { 301, 302, 306 })]
    [InlineData("WAL", new[] { 5, 6, 7, 1500, 1501, 2998 }, new[] { 8, 9, 10, 1502, 1503, 2500 })]
    [InlineData("WAL DEDUP UPSERT KEYS(ts, node_id, interval)", new int[0], new[] { 1, 1024, 2047 })]
    public async Task Doubled_rows_hide_no_hole_also_where_DEDUP_is_enabled_on_them_later(string kind, int[] doubled, int[] missing)
    {
        string without = string.Join(", ", missing);
        await Server.ExecuteAsync($"CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, close DOUBLE) TIMESTAMP(ts) PARTITION BY MONTH {kind}");
        await Server.ExecuteAsync($"INSERT INTO \"BTCUSDT\" SELECT 'BTCUSDT', 60, (x * 60000000)::timestamp, x FROM long_sequence(3000) WHERE x NOT IN ({without})");
        foreach (int bar in doubled)
        {
            await Server.ExecuteAsync($"INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, {bar * 60_000_000L}, {bar})");
        }

        TimeRangeSet expected = TimeRangeSet.FromTimestamps(Minute, [.. Enumerable.Range(1, 3000).Except(missing).Select(bar => bar * 60L)]);
        await using QuestDbHistoryStore store = Open();
        Assert.Equal(expected, await store.GetCoverageAsync(Stream));

        await Server.ExecuteAsync("ALTER TABLE \"BTCUSDT\" DEDUP ENABLE UPSERT KEYS(ts, node_id, interval)");
        Assert.Equal([3000L - missing.Length + doubled.Length], await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\""));
        Assert.Equal(expected, await store.GetCoverageAsync(Stream));
        Assert.Equal(3000 - missing.Length, (await ReadOneAsync(store)).Count);
    }
}
