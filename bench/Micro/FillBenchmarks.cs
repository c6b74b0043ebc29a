using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using Qmtl.Backfill;
using Qmtl.Bench.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Micro;

/// <summary>The fill path of 100,000 bars: the engine with a source in this process, and the store's write alone.</summary>
[MemoryDiagnoser]
public class FillBenchmarks
{
    private const long Bars = 100_000;

    private readonly TemporaryFolder _folder = new();
    private readonly IDataFetcher _fetcher = SyntheticBars.Fetcher(1000);
    private int _file;

    /// <summary>Removes the files.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    /// <summary>Plan, fetch, check and commit.</summary>
    [Benchmark]
    public async Task<long> EngineAsync()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File($"{_file++}.db"));
        var request = new BackfillRequest(store, _fetcher, SyntheticBars.Stream, [SyntheticBars.RangeOf(Bars)]);
        return (await new BackfillEngine().RunAsync([request]).SingleAsync()).BarsWritten;
    }

    /// <summary>Commit alone.</summary>
    [Benchmark(Baseline = true)]
    public async Task StoreAsync()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File($"{_file++}.db"));
        await StoreFiller.FillAsync(store, Bars);
    }
}
