using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

public abstract partial class HistoryStoreContract
{
    [StoreFact]
    public async Task Coverage_is_the_stored_bars_in_ranges()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60, 120, 180, 300));
        Assert.Equal(Set((60, 180), (300, 300)), await store.GetCoverageAsync(Stream));
        Assert.Equal(Set((120, 180)), await store.GetCoverageAsync(Stream, new TimeRange(61, 299)));
        Assert.True((await store.GetCoverageAsync(Stream, new TimeRange(181, 299))).IsEmpty);
        Assert.True((await store.GetCoverageAsync(Stream, new TimeRange(61, 62))).IsEmpty);
    }

    [StoreFact]
    public async Task Coverage_follows_what_other_programs_delete_and_add()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60, 120, 180));
        await ExecuteAsync("DELETE FROM \"BTCUSDT\" WHERE ts = 120");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" (node_id, \"interval\", ts, close) VALUES ('BTCUSDT', 60, 240, 1)");
        Assert.Equal(Set((60, 60), (180, 240)), await store.GetCoverageAsync(Stream));
    }

    [StoreTheory]
    [InlineData(60, 0, 1)]
    [InlineData(60, 0.5, 2)]
    [InlineData(60, 0.99, 3)]
    [InlineData(60, 0.999, 4)]
    [InlineData(60, 1, 5)]
    [InlineData(1, 0.99, 6)]
    [InlineData(7, 0.998, 7)]
    [InlineData(604800, 0.99, 8)]
    [InlineData(1209600, 0.9, 9)]
    public async Task Coverage_equals_a_naive_model(long seconds, double density, int seed)
    {
        var stream = new StreamKey("random", BarInterval.FromSeconds(seconds));
        await using IHistoryStore store = Open();
        await new CoverageModel { Start = stream.Interval.Floor(-seconds * 5_000), Bars = 120_000, BarsInStretch = 40_000, BarsToFarStretch = 3_000_000, Density = density, Seed = seed }
            .CheckAsync(store, stream, frame => WriteAsync(store, stream, frame));
    }

    [StoreFact]
    public async Task Coverage_of_one_stream_knows_nothing_of_its_neighbours_in_the_table()
    {
        await using IHistoryStore store = Open("shared");
        var neighbours = new StreamKey[] { new("BTCUSDS", Minute), new("BTCUSDT", BarInterval.FromSeconds(120)), new("BTCUSDU", Minute) };
        foreach (StreamKey neighbour in neighbours)
        {
            await WriteAsync(store, neighbour, new BarFrame(neighbour.Interval, Enumerable.Range(0, 3000).Select(bar => bar * neighbour.Interval.Seconds).ToArray(), []));
        }

        await WriteAsync(store, Frame([.. Enumerable.Range(0, 1500).Where(bar => bar != 700).Select(bar => bar * 60L)], []));
        Assert.Equal(Set((0, 699 * 60), (701 * 60, 1499 * 60)), await store.GetCoverageAsync(Stream));
    }

    [StoreFact]
    public async Task Off_grid_rows_in_a_keyed_table_neither_split_nor_fill_coverage()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(0, 2000).Where(bar => bar is not 100 and not 1500).Select(bar => bar * 60L)]));

        // As many strangers as bars are missing, so that counting alone would see nothing.
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" (node_id, \"interval\", ts) VALUES ('BTCUSDT', 60, 6001), ('BTCUSDT', 60, 90001), ('BTCUSDT', 60, -1), ('BTCUSDT', 60, 59)");
        Assert.Equal(Set((0, 99 * 60), (101 * 60, 1499 * 60), (1501 * 60, 1999 * 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(1998, (await ReadOneAsync(store)).Count);
    }
}
