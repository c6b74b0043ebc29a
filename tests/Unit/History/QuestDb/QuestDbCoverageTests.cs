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
}
