using Qmtl.Cluster;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Cluster;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// Three processes fill streams together. While they do, one is killed, then another, and the database is restarted; the third one ends the
/// work.
/// </summary>
public sealed class KilledMembersTests : IAsyncLifetime
{
    private const int Bars = 10_000;
    private const int Members = 3;

    private readonly PrivatePostgreSql _server = new();

    public Task InitializeAsync() => _server.CreateAsync();

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    [PostgreSqlFact]
    public async Task The_work_goes_on_elsewhere_and_pages_are_asked_for_once_but_for_those_in_flight()
    {
        GeneratedMarket[] markets = [.. Enumerable.Range(0, 30).Select(static number => new GeneratedMarket($"COIN{number:00}"))];
        string cluster = _server.UriOf(await _server.CreateDatabaseAsync());
        string store = _server.UriOf(await _server.CreateDatabaseAsync());
        TimeRange range = ClusterFixture.Minutes(Bars);
        await using MembersExchanges exchanges = MembersExchanges.Start(
            Members, markets, [new GeneratedMarket("KEPT")], store, range, TimeSpan.FromMilliseconds(150));
        using var folder = new TemporaryFolder();
        QmtlProcess[] members =
        [
            .. Enumerable.Range(0, Members).Select(number => QmtlProcess.Start(
                new Dictionary<string, string> { ["PGPASSWORD"] = PrivatePostgreSql.Password },
                [
                    "keep", "--config", folder.Write(exchanges.DeclarationOf(number, PrivatePostgreSql.WithoutPassword(store), ["KEPT"]), ".json"),
                    "--cluster", cluster, "--port", "0", "--client-port", "0", "--name", $"member {number}", "--log-level", "none",
                ])),
        ];
        try
        {
            await WaitForMembersAsync(cluster);
            using QmtlProcess client = QmtlProcess.Start(
            [
                "backfill", "--cluster", cluster, "--store", store, "--base-uri", exchanges.Uri, .. markets.SelectMany(static market => new[] { "--node", market.Symbol }), "--interval", "1m",
                "--start", UnixTime.Format(range.Start), "--end", UnixTime.Format(range.End), "--max-retries", "10", "--json",
            ]);
            await WaitForRequestsAsync(exchanges, 40);
            members[0].Kill();
            await exchanges.LoseAsync(0);
            await WaitForRequestsAsync(exchanges, 100);
            members[1].Kill();
            await exchanges.LoseAsync(1);
            await WaitForRequestsAsync(exchanges, 160);
            await _server.StopAsync();
            await _server.StartAsync();
            (int exitCode, string output, string error) = await client.WaitAsync();

            Assert.True(exitCode == 0, error + output);
            Assert.Equal(markets.Length, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            Assert.DoesNotContain(Uri.EscapeDataString(PrivatePostgreSql.Password), error, StringComparison.Ordinal);
            foreach (GeneratedMarket market in markets)
            {
                await StoredHistory.AssertCompleteAsync(store, ClusterFixture.StreamOf(market), market, range);
            }

            exchanges.AssertAskedOnce();
        }
        finally
        {
            Array.ForEach(members, static member => member.Dispose());
        }
    }

    private static async Task WaitForMembersAsync(string cluster)
    {
        await using ClusterClient client = await ClusterFixture.ConnectAsync(cluster);
        await ClusterFixture.WaitUntilAsync(async () =>
            (await client.GetMembersAsync()).Count(static member => member.State == "Active") == Members);
    }

    private static async Task WaitForRequestsAsync(MembersExchanges exchanges, int count)
    {
        while (exchanges.RequestCount < count)
        {
            await Task.Delay(10);
        }
    }
}
