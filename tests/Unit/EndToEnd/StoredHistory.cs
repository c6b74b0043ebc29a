using Qmtl.Data;
using Qmtl.History;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.EndToEnd;

/// <summary>Compares what a store holds with what the market knows, bar by bar and value by value.</summary>
internal static class StoredHistory
{
    /// <summary>Opens the store anew, as a process that knows nothing of the ones before would.</summary>
    public static async Task AssertCompleteAsync(string storeName, StreamKey stream, ISimulatedMarket market, TimeRange range)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        IReadOnlyList<SimulatedCandle> expected = market.ReadAll(stream.Interval, range);
        int index = 0;
        await foreach (BarFrame frame in store.ReadAsync(stream, range))
        {
            foreach (BarRow row in frame.Rows)
            {
                Assert.True(index < expected.Count && IsOf(row, expected[index]), $"The bar at {UnixTime.Format(row.Timestamp)} is not the market's.");
                index++;
            }
        }

        Assert.Equal(expected.Count, index);
        TimeRangeSet covered = await store.GetCoverageAsync(stream, range);
        TimeRangeSet empty = await store.GetKnownEmptyAsync(stream, source: null, range);
        Assert.Equal(expected.Count, covered.BarCount);
        Assert.True(covered.Intersect(empty).IsEmpty);
        Assert.Equal([range], covered.Union(empty));
    }

    /// <summary>The bars that need not be asked for again: those stored and those known to be empty.</summary>
    public static async Task<TimeRangeSet> CommittedAsync(string storeName, StreamKey stream, TimeRange range)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        return await CommittedAsync(store, stream, range);
    }

    /// <summary>The same of a store that is open.</summary>
    public static async Task<TimeRangeSet> CommittedAsync(IHistoryStore store, StreamKey stream, TimeRange range) =>
        (await store.GetCoverageAsync(stream, range)).Union(await store.GetKnownEmptyAsync(stream, source: null, range));

    private static bool IsOf(BarRow row, SimulatedCandle candle) =>
        row.Timestamp == candle.Timestamp
        && row["open"] is double open && open == SimulatedCandle.ToDouble(candle.Open)
        && row["close"] is double close && close == SimulatedCandle.ToDouble(candle.Close)
        && row["volume"] is double volume && volume == SimulatedCandle.ToDouble(candle.Volume)
        && row["trades"] is long trades && trades == candle.Trades;
}
