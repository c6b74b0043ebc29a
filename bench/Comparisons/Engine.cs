using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.History;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>The whole engine with a source in this process (plan, fetch, check, commit), against the store's write alone.</summary>
internal sealed class Engine : IComparisonSet
{
    private const long Bars = 1_000_000;

    private readonly PrivatePostgreSql _server = new(isDurable: true);
    private readonly TemporaryFolder _folder = new();
    private int _store;

    public string Name => "engine";

    public async Task<string?> PrepareAsync()
    {
        await _server.CreateAsync();
        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison("full engine, 1 M bars into SQLite", "the bare store write", Goal.SpeedAtLeast(0.85), () => RunAsync(NewFile()), () => WriteAsync(NewFile()));
        if (PostgreSqlBinaries.MissingReason is null)
        {
            yield return new Comparison("full engine, 1 M bars into PostgreSQL", "the bare store write", Goal.SpeedAtLeast(0.85), RunPostgreSqlAsync, WritePostgreSqlAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<TimeSpan> RunAsync(string storeName)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        return await StoreFiller.FillByEngineAsync(store, Bars);
    }

    private static async Task<TimeSpan> WriteAsync(string storeName)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName);
        return await StoreFiller.FillAsync(store, Bars);
    }

    private async Task<TimeSpan> RunPostgreSqlAsync() => await RunAsync(_server.ConnectionStringOf(await _server.CreateDatabaseAsync()));

    private async Task<TimeSpan> WritePostgreSqlAsync() => await WriteAsync(_server.ConnectionStringOf(await _server.CreateDatabaseAsync()));

    private string NewFile() => _folder.File($"{_store++}.db");
}
