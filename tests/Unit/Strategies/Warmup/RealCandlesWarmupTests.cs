using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies.Warmup;

/// <summary>Minutes of a real market, 1,091 of which no source can ever supply.</summary>
public sealed class RealCandlesWarmupTests : IDisposable
{
    private const long LastBar = 1570965540;

    private readonly TemporaryFolder _folder = new();

    // Days after the last bar's close would be missing too; the clock stands an hour after it, with a period that ends in the data.
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(LastBar + 60));

    public void Dispose() => _folder.Dispose();

    [SharedDataFact]
    public async Task Xrpeth_minutes_warm_up_in_one_pass_and_replay_around_their_holes()
    {
        const int Period = 3560;
        var key = new StreamKey("XRPETH", Bars.Minute);
        await using var store = new CountingHistoryStore(HistoryStoreFactory.Open(_folder.File("bars.db")));
        var fetcher = new FileFetcher(SharedData.PathOf("XRPETH-1m.csv"));
        var stream = new StreamInput(
            new StreamInputOptions { NodeId = "XRPETH", Interval = Bars.Minute, Period = Period, HistoryProvider = new StoreHistoryProvider(store, fetcher, timeProvider: _clock) }, _clock);
        var warnings = new List<string>();
        var warmup = new HistoryWarmup(new HistoryWarmupOptions { OnWarning = warnings.Add }, _clock);

        WarmupResult first = await warmup.RunAsync([stream]).SingleAsync();
        (int queries, int reads) = (store.Queries, store.Reads);
        WarmupResult second = await warmup.RunAsync([stream]).SingleAsync();

        Assert.Equal((BackfillStatus.Completed, 2469L, 2469L, 1091L, 0L), (first.Status, first.BarsLoaded, first.BarsWritten, first.BarsEmpty, first.BarsMissing));
        Assert.InRange(first.Requests, 1, 8);
        Assert.Equal((BackfillStatus.Completed, 2469L, 0L, 1091L, 0L, 0), (second.Status, second.BarsLoaded, second.BarsWritten, second.BarsEmpty, second.BarsMissing, second.Requests));
        Assert.Equal((queries, reads), (store.Queries, store.Reads));
        Assert.StartsWith("XRPETH 1m: 1091 of the 3560 bars of the warm-up do not exist, in 676 holes", warnings[0], StringComparison.Ordinal);

        // Each of the 676 holes costs a node of one bar the step right after it.
        var mean = new ComputeNode("last", [stream], view => view[key].Values("close")[^1]);
        Assert.Equal(2469 - 676, await new Pipeline([mean]).ReplayAsync().CountAsync());
    }
}
