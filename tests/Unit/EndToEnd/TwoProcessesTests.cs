using Qmtl.Data;
using Qmtl.Simulation;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// Two processes that fill the same stream of the same store at once: a scheduled task, and an operator who did not know.
/// </summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class TwoProcessesTests(PostgreSqlServer server) : IDisposable
{
    private static readonly StreamKey Stream = new("XRPETH", BarInterval.FromSeconds(60));
    private static readonly TimeRange Range = new(1_704_067_200, 1_704_067_200 + (60 * (43_200 - 1)));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public Task Share_a_sqlite_store() => ShareAsync(_folder.File("bars.db"));

    [PostgreSqlFact]
    public async Task Share_a_postgresql_store() => await ShareAsync(server.UriOf(await server.CreateDatabaseAsync()));

    public void Dispose() => _folder.Dispose();

    private static async Task ShareAsync(string store)
    {
        var market = new GeneratedMarket(Stream.NodeId) { QuietShare = 0.3, Outages = new OutageSchedule() };
        await using SimulatedExchange exchange = SimulatedExchange.Start(
            new SimulatedExchangeOptions { Markets = [market], WeightPerMinute = null, Latency = TimeSpan.FromMilliseconds(5) });
        string[] arguments =
        [
            "backfill", "--store", store, "--node", Stream.NodeId, "--interval", "1m", "--start", UnixTime.Format(Range.Start), "--end", UnixTime.Format(Range.End),
            "--base-uri", exchange.BaseUri.ToString(), "--json",
        ];

        using QmtlProcess first = QmtlProcess.Start(arguments);
        using QmtlProcess second = QmtlProcess.Start(arguments);
        (int ExitCode, string Output, string Error)[] ends = await Task.WhenAll(first.WaitAsync(), second.WaitAsync());

        Assert.All(ends, end => Assert.True(end.ExitCode == 0, end.Error + end.Output));
        await StoredHistory.AssertCompleteAsync(store, Stream, market, Range);
    }
}
