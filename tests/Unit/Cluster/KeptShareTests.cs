using System.Collections.Concurrent;
using System.Diagnostics;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.Cluster.Silo.Keeping;
using Qmtl.Data;
using Qmtl.Keeping;
using Qmtl.Time;
using Qmtl.Unit.EndToEnd;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cluster;

/// <summary>Streams that are kept by several members: each lives on one, and all live somewhere, whoever comes and goes.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class KeptShareTests(PostgreSqlServer server)
{
    private const int Streams = 40;

    // What the issue allows; a member that is killed is noticed within some ten seconds.
    private static readonly TimeSpan LongestWithoutOwner = TimeSpan.FromSeconds(30);

    private static readonly KeepDeclaration Declaration = new()
    {
        Streams =
        [
            .. Enumerable.Range(0, Streams).Select(static number => new KeptStream
            {
                Stream = new StreamKey($"NODE{number}", BarInterval.FromSeconds(60)),
                Source = new KeptSource { Name = "nobody", Kind = "binance" },
                Store = new KeptStore { Name = "main", Address = "nowhere.db" },
                Start = 0,
            }),
        ],
    };

    [PostgreSqlFact]
    public async Task Each_stream_lives_on_one_member_and_moves_when_members_come_and_go()
    {
        string database = server.UriOf(await server.CreateDatabaseAsync());
        var shares = new ConcurrentDictionary<int, string[]>();
        ClusterMemberHost first = await StartAsync(database, 0, shares);
        await using ClusterMemberHost second = await StartAsync(database, 1, shares);
        await using ClusterMemberHost idle = await StartAsync(database, 2, shares: null);
        await WaitUntilSharedAsync(shares, 0, 1);

        await using (await StartAsync(database, 3, shares))
        {
            await WaitUntilSharedAsync(shares, 0, 1, 3);
            await first.DisposeAsync();
            shares.TryRemove(0, out _);
            await WaitUntilSharedAsync(shares, 1, 3);
        }

        shares.TryRemove(3, out _);
        await WaitUntilSharedAsync(shares, 1);

        await using ClusterClient client = await ClusterClient.ConnectAsync(ClusterAddress.Parse(database));
        Assert.Equal(
            [("member 1", Streams), ("member 2", 0)],
            (await client.GetMembersAsync()).Where(static member => member.State == "Active").Select(static member => (member.Name, member.Streams!.Value)));
    }

    [PostgreSqlFact]
    public async Task A_stream_of_a_member_that_was_killed_has_an_owner_again_in_time()
    {
        using var folder = new TemporaryFolder();
        string database = server.UriOf(await server.CreateDatabaseAsync());
        string config = folder.File("keep.json");
        await File.WriteAllTextAsync(config, $$"""
            {
              "schema": 1,
              "stores": { "main": { "path": "bars.db" } },
              "sources": { "nobody": { "kind": "binance", "baseUri": "http://127.0.0.1:1", "name": "nobody" } },
              "streams": [ { "nodes": [{{string.Join(", ", Enumerable.Range(0, Streams).Select(static number => $"\"NODE{number}\""))}}],
                             "intervals": "1m", "source": "nobody", "store": "main", "start": "-1h" } ]
            }
            """);
        QmtlProcess[] members =
        [
            .. Enumerable.Range(0, 3).Select(number => QmtlProcess.Start(
                "keep", "--config", config, "--cluster", database, "--port", "0", "--client-port", "0", "--name", $"keeper {number}", "--log-level", "none")),
        ];
        try
        {
            await using ClusterClient client = await ClusterFixture.ConnectAsync(database);
            await ClusterFixture.WaitUntilAsync(async () => await OwnedAsync(client, 3) == Streams);
            members[0].Kill();
            long killed = Stopwatch.GetTimestamp();
            await ClusterFixture.WaitUntilAsync(async () => await OwnedAsync(client, 2) == Streams);
            Assert.InRange(Stopwatch.GetElapsedTime(killed), TimeSpan.Zero, LongestWithoutOwner);
        }
        finally
        {
            Array.ForEach(members, static member => member.Dispose());
        }
    }

    // How many streams live, once so many members are known to; -1 before.
    private static async Task<int> OwnedAsync(ClusterClient client, int members)
    {
        try
        {
            ClusterMember[] active = [.. (await client.GetMembersAsync()).Where(static member => member.State == "Active")];
            return active.Length == members ? active.Sum(static member => member.Streams ?? 0) : -1;
        }
        catch (ClusterException)
        {
            // It asked the one that was killed.
            return -1;
        }
    }

    private static Task<ClusterMemberHost> StartAsync(string database, int number, ConcurrentDictionary<int, string[]>? shares) =>
        ClusterMemberHost.StartAsync(
            new ClusterMemberOptions
            {
                Address = ClusterAddress.Parse(database),
                Name = $"member {number}",
                MemberPort = 0,
                ClientPort = 0,
            },
            new MemberParts([], []),
            shares is null
                ? null
                : new KeptShare(Declaration, kept => shares[number] = [.. kept.Streams.Select(static stream => stream.Stream.NodeId)]));

    private static bool IsShared(ConcurrentDictionary<int, string[]> shares, params int[] members) =>
        members.All(member => shares.TryGetValue(member, out string[]? share) && share.Length > 0)
        && shares.Values.Sum(static share => share.Length) == Streams
        && shares.Values.SelectMany(static share => share).Distinct().Count() == Streams;

    private static async Task WaitUntilSharedAsync(ConcurrentDictionary<int, string[]> shares, params int[] members)
    {
        try
        {
            await ClusterFixture.WaitUntilAsync(() => Task.FromResult(IsShared(shares, members)));
        }
        catch (OperationCanceledException)
        {
            Assert.Fail(string.Join(", ", shares.OrderBy(static share => share.Key).Select(static share => $"{share.Key} has {share.Value.Length}")));
        }
    }
}
