using System.Diagnostics;
using Npgsql;
using Qmtl.Backfill;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.History;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cluster;

/// <summary>Backfills that the members of a cluster do together, against real PostgreSQL and the simulated exchange.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class ClusterBackfillTests(PostgreSqlServer server)
{
    [PostgreSqlFact]
    public async Task Streams_are_spread_over_the_members_and_their_outcomes_come_back()
    {
        GeneratedMarket[] markets = [.. Enumerable.Range(0, 9).Select(static number => new GeneratedMarket($"COIN{number}"))];
        await using ClusterFixture cluster = await ClusterFixture.StartAsync(server, members: 3, markets);
        var events = new List<BackfillEvent>();
        var backfill = new ClusterBackfill(cluster.Client, onEvent: happened =>
        {
            lock (events)
            {
                events.Add(happened);
            }
        });

        List<BackfillResult> results = await ReadAsync(
            backfill.RunAsync(markets.Select(market => cluster.Request(market, ClusterFixture.Minutes(1500)))));

        Assert.Equal(9, results.Count);
        Assert.All(results, static result =>
        {
            Assert.Equal(BackfillStatus.Completed, result.Status);
            Assert.Equal((1500, 0, 2), (result.BarsWritten, result.BarsMissing, result.Requests));
        });
        foreach (GeneratedMarket market in markets)
        {
            await cluster.AssertCompleteAsync(market, ClusterFixture.Minutes(1500));
        }

        IReadOnlyList<ClusterMember> members = await cluster.Client.GetMembersAsync();
        Assert.Equal(["member 0", "member 1", "member 2"], members.Select(static member => member.Name));
        Assert.All(members, static member => Assert.Equal("Active", member.State));
        Assert.Equal(9, members.Sum(static member => member.Streams));
        Assert.All(members, static member => Assert.InRange(member.Streams!.Value, 2, 4));
        Assert.Equal(9, events.OfType<BackfillStarted>().Count());
        Assert.Equal(9, events.OfType<BackfillPlanned>().Count());
        Assert.Equal(9, events.OfType<BackfillEnded>().Count());
        Assert.Equal(9 * 1500, events.OfType<BackfillPageCommitted>().Sum(static page => page.BarsWritten));

        List<BackfillResult> again = await ReadAsync(
            backfill.RunAsync(markets.Select(market => cluster.Request(market, ClusterFixture.Minutes(1500)))));
        Assert.All(again, static result => Assert.Equal((BackfillStatus.Completed, 0), (result.Status, result.Requests)));
    }

    [PostgreSqlFact]
    public async Task A_long_stream_is_cut_into_pieces_that_all_members_fill()
    {
        const int Bars = 3 * StreamPieces.PagesInPiece * 1000;
        var market = new GeneratedMarket("LONG") { QuietShare = 0.05 };
        await using ClusterFixture cluster = await ClusterFixture.StartAsync(server, members: 2, [market]);
        TimeRange[] ranges = [ClusterFixture.Minutes(Bars / 2), ClusterFixture.Minutes(Bars / 2, skip: Bars / 2)];

        List<BackfillResult> results = await ReadAsync(new ClusterBackfill(cluster.Client).RunAsync([cluster.Request(market, ranges)]));

        Assert.Equal(ranges, results.Select(static result => result.Range).OrderBy(static range => range.Start));
        Assert.All(results, static result => Assert.Equal(BackfillStatus.Completed, result.Status));
        Assert.Equal(Bars, results.Sum(static result => result.BarsWritten + result.BarsEmpty));
        Assert.Equal(cluster.Exchange.RequestCount, results.Sum(static result => result.Requests));
        await cluster.AssertCompleteAsync(market, ClusterFixture.Minutes(Bars));

        // The stream's four pieces, as they lie on the grid, are on both members.
        IReadOnlyList<ClusterMember> members = await cluster.Client.GetMembersAsync();
        Assert.Equal((0, 1, 4), (members.Sum(static member => member.Kept), members.Sum(static member => member.Streams), members.Sum(static member => member.Pieces)));
        Assert.All(members, static member => Assert.InRange(member.Pieces!.Value, 1, 3));
    }

    [PostgreSqlFact]
    public async Task Cancelling_ends_the_work_on_all_members_and_every_range_has_its_result()
    {
        GeneratedMarket[] markets = [.. Enumerable.Range(0, 4).Select(static number => new GeneratedMarket($"SLOW{number}"))];
        await using ClusterFixture cluster = await ClusterFixture.StartAsync(server, members: 2, markets, TimeSpan.FromMilliseconds(100));
        using var cancelled = new CancellationTokenSource();
        var backfill = new ClusterBackfill(cluster.Client, onEvent: happened =>
        {
            if (happened is BackfillPageCommitted)
            {
                cancelled.Cancel();
            }
        });

        List<BackfillResult> results = await ReadAsync(
            backfill.RunAsync(markets.Select(market => cluster.Request(market, ClusterFixture.Minutes(30_000))), cancelled.Token));

        Assert.Equal(4, results.Count);
        Assert.All(results, static result => Assert.Equal(BackfillStatus.Cancelled, result.Status));
        Assert.All(results, static result => Assert.Equal(30_000, result.BarsWritten + result.BarsMissing));
        Assert.InRange(results.Sum(static result => result.BarsWritten), 1000, 100_000);

        // The members have stopped when the run has ended, long before the 30 pages of each stream.
        long asked = cluster.Exchange.RequestCount;
        await cluster.DisposeAsync();
        Assert.Equal(asked, cluster.Exchange.RequestCount);
        Assert.InRange(asked, 1, 100);
    }

    [PostgreSqlFact]
    public async Task A_store_and_a_source_that_members_do_not_have_are_refused_by_name_and_no_secret_travels()
    {
        var market = new GeneratedMarket("COIN");
        await using ClusterFixture cluster = await ClusterFixture.StartAsync(server, members: 1, [market]);
        await using IHistoryStore other = HistoryStoreFactory.Open(server.UriOf(await server.CreateDatabaseAsync()));
        BackfillRequest request = cluster.Request(market, ClusterFixture.Minutes(10));
        BackfillRequest[] wrong =
        [
            request with { Store = other },
            request with { Fetcher = new ScriptedFetcher { Name = "elsewhere" } },
        ];

        List<BackfillResult> results = await ReadAsync(new ClusterBackfill(cluster.Client).RunAsync(wrong));

        Assert.Equal(2, results.Count);
        Assert.All(results, static result => Assert.Equal((BackfillStatus.Failed, 10), (result.Status, result.BarsMissing)));
        Assert.Contains(results, result => result.Error!.Message.Contains($"has no store {other.Info.Identity}.", StringComparison.Ordinal));
        Assert.Contains(results, static result => result.Error!.Message.Contains("has no source elsewhere.", StringComparison.Ordinal));
        Assert.Contains(results, result => result.Error!.Message.Contains(request.Store.Info.Identity, StringComparison.Ordinal));
        Assert.All(results, static result => Assert.DoesNotContain(PrivatePostgreSql.Password, result.Error!.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain(
            PrivatePostgreSql.Password, Qmtl.Cluster.Wire.StreamOrder.Of(request, new BackfillOptions()).ToString(), StringComparison.Ordinal);
        Assert.Equal(0, cluster.Exchange.RequestCount);
    }

    [PostgreSqlFact]
    public async Task A_limit_that_counts_by_key_is_kept_by_all_members_together()
    {
        GeneratedMarket[] markets = [.. Enumerable.Range(0, 6).Select(static number => new GeneratedMarket($"KEY{number}"))];
        var limit = new KeyLimit(4, TimeSpan.FromSeconds(1));
        await using ClusterFixture cluster = await ClusterFixture.StartAsync(server, members: 3, markets, keyLimit: limit);
        long started = Stopwatch.GetTimestamp();

        List<BackfillResult> results = await ReadAsync(
            new ClusterBackfill(cluster.Client).RunAsync(markets.Select(market => cluster.Request(market, ClusterFixture.Minutes(2000)))));

        Assert.All(results, static result => Assert.Equal(BackfillStatus.Completed, result.Status));
        // Four in the first window after the count's beginning, and so on: by itself each member would have needed one window for its four.
        Assert.Equal(12, cluster.Exchange.RequestCount);
        Assert.InRange(Stopwatch.GetElapsedTime(started), 3 * limit.Window, TimeSpan.FromMinutes(1));
    }

    [PostgreSqlFact]
    public async Task The_list_of_members_is_made_once_and_kept()
    {
        string database = await server.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(server.ConnectionStringOf(database));
        ClusterAddress address = ClusterAddress.Parse(server.UriOf(database));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MembershipTables.MakeAsync(source, address, CancellationToken.None)));
        await MembershipTables.MakeAsync(source, address, CancellationToken.None);

        await using NpgsqlCommand count = source.CreateCommand("SELECT count(*) FROM OrleansQuery");
        Assert.Equal(9L, await count.ExecuteScalarAsync());
    }

    private static async Task<List<BackfillResult>> ReadAsync(IAsyncEnumerable<BackfillResult> running)
    {
        List<BackfillResult> results = [];
        await foreach (BackfillResult result in running)
        {
            results.Add(result);
        }

        return results;
    }
}
