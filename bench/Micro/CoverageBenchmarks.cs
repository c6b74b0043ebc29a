using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using Qmtl.Bench.Data;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Micro;

/// <summary>Coverage of a million stored bars with a hundred gaps, against the bare stream of their timestamps.</summary>
[MemoryDiagnoser]
public class CoverageBenchmarks
{
    private const long Bars = 1_000_000;

    private readonly TemporaryFolder _folder = new();
    private IHistoryStore _store = null!;

    /// <summary>Fills the store once.</summary>
    [GlobalSetup]
    public async Task SetupAsync()
    {
        _store = HistoryStoreFactory.Open(_folder.File("coverage.db"));
        await StoreFiller.FillAsync(_store, Bars, keep: index => index % (Bars / 101) != 5);
    }

    /// <summary>Removes the store.</summary>
    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _store.DisposeAsync();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    /// <summary>Our side.</summary>
    [Benchmark]
    public Task<TimeRangeSet> CoverageAsync() => _store.GetCoverageAsync(SyntheticBars.Stream);

    /// <summary>The bare client.</summary>
    [Benchmark(Baseline = true)]
    public async Task<long> StreamTimestampsAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={_folder.File("coverage.db")}");
        await connection.OpenAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT ts FROM \"BTCUSDT\" WHERE node_id = 'BTCUSDT' AND interval = 60 ORDER BY ts";
        await using SqliteDataReader reader = await command.ExecuteReaderAsync();
        long sum = 0;
        while (reader.Read())
        {
            sum += reader.GetInt64(0);
        }

        return sum;
    }
}
