using Qmtl.Backfill;
using Qmtl.Cluster;
using Qmtl.History;
using Qmtl.Simulation.Markets;
using Qmtl.Sweeping;
using Qmtl.Time;
using Qmtl.Unit.EndToEnd;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Sweeping;

namespace Qmtl.Unit.Cluster;

/// <summary>Runs of compiled strategies on the members of a cluster, over a real PostgreSQL store, against the same on this machine.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class ClusterSweepTests(PostgreSqlServer server) : IDisposable
{
    private const int Bars = 5000;
    private static readonly GeneratedMarket Coin = new("COIN") { QuietShare = 0.05 };
    private static readonly TimeRange Range = ClusterFixture.Minutes(Bars);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgreSqlFact]
    public async Task Results_equal_those_of_one_machine_to_the_bit_and_come_from_the_members_that_have_the_folder()
    {
        string assembly = SweptAssembly.CopyTo(_folder);
        await using ClusterFixture cluster = await StartAsync(members: 4);
        SweepOrder[] orders =
        [
            .. Enumerable.Range(2, 12).Select(static fast => OrderOf("SweptCross", ("symbol", "COIN"), ("fast", fast), ("weight", 0.1 * fast))),
            OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 7)) with { ResultsPerNode = 2 },
            OrderOf("SweptFailure", ("symbol", "COIN"), ("at", "2024-01-01T10:00"), ("interval", "1m")),
            OrderOf("SweptCross", ("symbol", "COIN"), ("fast", "many")),
            OrderOf("SweptNothing"),
        ];

        List<SweepResult> there = await ReadAsync(cluster, SweptAssembly.FileName, orders, StrategyAssembly.BuildOf(assembly));

        await using var provider = new StoreHistoryProvider(HistoryStoreFactory.Open(cluster.StoreName));
        List<SweepResult> here = [];
        await foreach (SweepResult result in new StrategySweep(StrategyAssembly.Load(assembly), provider, 2).RunAsync(orders))
        {
            here.Add(result);
        }

        foreach ((SweepResult expected, SweepResult actual) in Ordered(here).Zip(Ordered(there)))
        {
            SweptAssembly.AssertSame(expected, actual);
        }

        Assert.Equal(orders.Length, there.Count);
        Assert.All(Ordered(there).Take(12), static result => Assert.InRange(result.Values.Count, 4 * 4096, 5 * Bars));
        Assert.Equal(["member 1", "member 2", "member 3"], there.Select(static result => result.Member).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(
            [SweepFailure.Node, SweepFailure.Strategy, SweepFailure.Strategy],
            Ordered(there).TakeLast(3).Select(static result => Assert.IsType<SweepException>(result.Error).Reason));
    }

    [PostgreSqlFact]
    public async Task A_newer_build_is_taken_without_a_restart_and_one_that_members_do_not_have_is_refused()
    {
        string assembly = SweptAssembly.CopyTo(_folder);
        await using ClusterFixture cluster = await StartAsync(members: 2);
        SweepOrder order = OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 5));
        SweepResult first = Assert.Single(await ReadAsync(cluster, assembly, [order]));
        string older = StrategyAssembly.BuildOf(assembly);
        SweptAssembly.Rebuild(assembly);

        SweepResult second = Assert.Single(await ReadAsync(cluster, assembly, [order]));
        SweepResult refused = Assert.Single(await ReadAsync(cluster, assembly, [order], older));

        Assert.Equal((older, StrategyAssembly.BuildOf(assembly)), (first.Build, second.Build));
        Assert.Equal("the first build", first.Last[^1].Value);
        Assert.Equal("the other build", second.Last[^1].Value);
        Assert.StartsWith($"The member {Environment.MachineName} has the build {second.Build} of {SweptAssembly.FileName}", refused.Error!.Message, StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task What_is_outside_the_members_folders_is_refused()
    {
        string assembly = SweptAssembly.CopyTo(_folder);
        string inside = Directory.CreateDirectory(_folder.File("inside")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(inside, "way out"), _folder.FullPath);
        File.CreateSymbolicLink(Path.Combine(inside, "linked.dll"), assembly);
        Directory.CreateDirectory(Path.Combine(inside, "team"));
        File.Copy(assembly, Path.Combine(inside, "team", "own.dll"));
        Directory.CreateSymbolicLink(Path.Combine(inside, "current"), Path.Combine(inside, "team"));
        await using ClusterFixture cluster = await StartAsync(members: 2, inside);
        SweepOrder order = OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 5)) with { ResultsPerNode = 1 };

        foreach (string path in new[]
        {
            assembly, $"../{SweptAssembly.FileName}", $"team/../../{SweptAssembly.FileName}", $"way out/{SweptAssembly.FileName}", "linked.dll",
            "/etc/passwd", "..\\" + SweptAssembly.FileName,
        })
        {
            SweepResult refused = Assert.Single(await ReadAsync(cluster, path, [order]));
            Assert.Equal(SweepStatus.Failed, refused.Status);
            Assert.Contains("is not in there. Put it there", Assert.IsType<ClusterException>(refused.Error).Message, StringComparison.Ordinal);
        }

        SweepResult missing = Assert.Single(await ReadAsync(cluster, "team/none.dll", [order]));
        Assert.Contains("team/none.dll is no file there.", missing.Error!.Message, StringComparison.Ordinal);
        foreach (string path in new[] { "team/own.dll", "./team/../team/own.dll", "team\\own.dll", Path.Combine(inside, "team", "own.dll"), "current/own.dll" })
        {
            Assert.Equal(SweepStatus.Completed, Assert.Single(await ReadAsync(cluster, path, [order])).Status);
        }

        await using IHistoryStore other = HistoryStoreFactory.Open(server.UriOf(await server.CreateDatabaseAsync()));
        await foreach (SweepResult result in new ClusterSweep(cluster.Client, "team/own.dll", other).RunAsync([order]))
        {
            Assert.Contains($"has no store {other.Info.Identity}.", result.Error!.Message, StringComparison.Ordinal);
        }
    }

    [PostgreSqlFact]
    public async Task A_cluster_that_was_allowed_no_folder_runs_nothing()
    {
        await using ClusterFixture cluster = await ClusterFixture.StartAsync(server, members: 2, [Coin]);

        SweepResult refused = Assert.Single(await ReadAsync(cluster, SweptAssembly.CopyTo(_folder), [OrderOf("SweptCross")]));

        Assert.Equal(
            $"The member {Environment.MachineName} runs no strategies. Start it with the folder that their assemblies are in: qmtl join --strategies.",
            refused.Error!.Message);
    }

    [PostgreSqlFact]
    public async Task Stopping_ends_the_runs_on_all_members()
    {
        string assembly = SweptAssembly.CopyTo(_folder);
        await using ClusterFixture cluster = await StartAsync(members: 3);
        SweepOrder[] orders = [.. Enumerable.Range(0, 7).Select(WaitingRun)];
        using var stop = new CancellationTokenSource();
        Task<List<SweepResult>> running = ReadAsync(cluster, assembly, orders, cancellationToken: stop.Token);
        await WaitForStartsAsync(4);

        await stop.CancelAsync();
        List<SweepResult> results = await running;

        Assert.Equal(7, results.Count);
        Assert.All(results, static result => Assert.Equal(SweepStatus.Cancelled, result.Status));
        Assert.InRange(Starts().Length, 4, 4);

        // Their places are free again, although the bars of each would have taken a minute and a half.
        List<SweepResult> after = await ReadAsync(cluster, assembly, [.. Enumerable.Range(2, 4).Select(fast => OrderOf("SweptCross", ("symbol", "COIN"), ("fast", fast)))]);
        Assert.All(after, static result => Assert.Equal(SweepStatus.Completed, result.Status));
    }

    [PostgreSqlFact]
    public async Task A_member_that_is_killed_has_its_runs_given_to_others()
    {
        string assembly = SweptAssembly.CopyTo(_folder);
        await using ClusterFixture cluster = await StartAsync(members: 1);
        QmtlProcess[] members =
        [
            .. Enumerable.Range(1, 3).Select(number => QmtlProcess.Start(
                "join", "--cluster", cluster.Database, "--store", cluster.StoreName, "--port", "0", "--client-port", "0", "--name", $"process {number}",
                "--strategies", _folder.FullPath, "--runs", "2")),
        ];
        try
        {
            await WaitAsync(async () => (await cluster.Client.GetMembersAsync()).Count(static member => member.State == "Active") == 4);
            SweepOrder[] orders = [.. Enumerable.Range(0, 9).Select(WaitingRun)];
            Task<List<SweepResult>> running = ReadAsync(cluster, assembly, orders);
            await WaitForStartsAsync(6);
            members[1].Kill();
            await File.WriteAllTextAsync(_folder.File("go"), string.Empty);
            List<SweepResult> there = await running;

            await using var provider = new StoreHistoryProvider(HistoryStoreFactory.Open(cluster.StoreName));
            List<SweepResult> here = [];
            await foreach (SweepResult result in new StrategySweep(StrategyAssembly.Load(assembly), provider).RunAsync(orders))
            {
                here.Add(result);
            }

            Assert.Equal(9, there.Count);
            Assert.All(Ordered(here).Zip(Ordered(there)), static pair => SweptAssembly.AssertSame(pair.First, pair.Second));
            Assert.DoesNotContain("process 2", there.Select(static result => result.Member));

            // What the killed one had in hand was begun again elsewhere.
            Assert.InRange(Starts().Length, 9 + 2, int.MaxValue);
        }
        finally
        {
            Array.ForEach(members, static member => member.Dispose());
        }
    }

    private static IEnumerable<SweepResult> Ordered(IEnumerable<SweepResult> results) => results.OrderBy(static result => result.Run);

    private static SweepOrder OrderOf(string strategy, params (string Name, object? Value)[] parameters) => new()
    {
        Strategy = strategy,
        Parameters = SweepOrder.ParametersOf(parameters.ToDictionary(static each => each.Name, static each => each.Value)),
        Range = Range,
    };

    private static async Task<List<SweepResult>> ReadAsync(
        ClusterFixture cluster, string assembly, SweepOrder[] orders, string? build = null, CancellationToken cancellationToken = default)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(cluster.StoreName);
        List<SweepResult> results = [];
        await foreach (SweepResult result in new ClusterSweep(cluster.Client, assembly, store, build).RunAsync(orders, cancellationToken))
        {
            results.Add(result);
        }

        return results;
    }

    private static async Task WaitAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!await isSo())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private SweepOrder WaitingRun(int run) => OrderOf("SweptWaiting", ("symbol", "COIN"), ("folder", _folder.FullPath), ("run", run));

    private string[] Starts() => Directory.GetFiles(_folder.FullPath, "started *");

    private Task WaitForStartsAsync(int count) => WaitAsync(() => Task.FromResult(Starts().Length >= count));

    private async Task<ClusterFixture> StartAsync(int members, string? folder = null)
    {
        ClusterFixture cluster = await ClusterFixture.StartAsync(server, members, [Coin], strategies: folder ?? _folder.FullPath);
        await foreach (BackfillResult result in new BackfillEngine().RunAsync([cluster.Request(Coin, Range)]))
        {
            Assert.Equal(BackfillStatus.Completed, result.Status);
        }

        return cluster;
    }
}
