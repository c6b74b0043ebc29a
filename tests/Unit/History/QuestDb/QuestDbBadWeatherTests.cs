using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>A real QuestDB that is away, breaks off, or is told to stop applying: an error that says so, and nothing lost.</summary>
[Collection(QuestDbCollection.Name)]
public sealed class QuestDbBadWeatherTests(QuestDbServer server) : QuestDbStoreTest(server)
{
    [QuestDbFact]
    public async Task A_write_that_is_cancelled_on_its_way_leaves_no_part_of_its_bars()
    {
        await using QuestDbHistoryStore store = Open();
        BarFrame frame = Frame([.. Enumerable.Range(1, 300_000).Select(bar => bar * 60L)]);
        await WriteAsync(store, Frame(0));
        for (int attempt = 0; attempt < 5; attempt++)
        {
            using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(5 + attempt * 15));
            try
            {
                await store.WriteAsync(Stream, [Page(frame)], cancellation.Token);
                break;
            }
            catch (OperationCanceledException)
            {
                // All or none: cancelled after the last byte, the bars are there.
                await Server.ExecuteAsync("SELECT 1");
                Assert.Contains((await store.GetCoverageAsync(Stream)).BarCount, (long[])[1, 300_001]);
            }
        }
    }

    [QuestDbFact]
    public async Task A_suspended_table_is_an_error_with_the_way_out_and_loses_nothing()
    {
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await Server.SuspendAsync("BTCUSDT", "'DISK FULL', 'no room'");

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(120)));
        Assert.Contains("is suspended", error.Message, StringComparison.Ordinal);
        Assert.Contains("(DISK FULL: no room)", error.Message, StringComparison.Ordinal);
        Assert.Contains("RESUME WAL", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));

        await Server.ExecuteAsync("ALTER TABLE \"BTCUSDT\" RESUME WAL");
        await WriteAsync(store, Frame(180));
        Assert.Equal(Set((60, 180)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbTheory]
    [InlineData(100)]
    [InlineData(200_000)]
    [InlineData(1_000_000)]
    public async Task A_connection_that_breaks_in_the_middle_of_a_write_is_a_passing_error_and_trying_again_completes_it(long bytes)
    {
        await using var relay = new TcpRelay(QuestDbServer.Address.Host, HttpPort);
        await using QuestDbHistoryStore store = Open(httpUri: new Uri($"http://127.0.0.1:{relay.Port}"));
        await WriteAsync(store, Frame(0));
        BarFrame frame = Frame([.. Enumerable.Range(1, 50_000).Select(bar => bar * 60L)]);

        relay.CutAfter(bytes);
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, frame));
        Assert.True(error.IsTransient);
        Assert.Equal(1, relay.Cuts);
        Assert.Equal(1, (await store.GetCoverageAsync(Stream)).BarCount);

        await WriteAsync(store, frame);
        Assert.Equal(QuestDbWritePath.IlpOverHttp, store.WritePath);
        Assert.Equal(Set((0, 50_000 * 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal([50_001L], await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\""));
    }

    [QuestDbTheory]
    [InlineData(20_000)]
    [InlineData(300_000)]
    public async Task The_PostgreSQL_wire_that_breaks_in_the_middle_of_a_write_is_a_passing_error_and_trying_again_completes_it(long bytes)
    {
        await using var relay = new TcpRelay(QuestDbServer.Address.Host, QuestDbServer.Address.Port);
        await using var store = new QuestDbHistoryStore($"Host=127.0.0.1;Port={relay.Port};Username=admin;Password=quest;Database=qdb", httpUri: ClosedPort);
        await WriteAsync(store, Frame(0));
        BarFrame frame = Frame([.. Enumerable.Range(1, 10_000).Select(bar => bar * 60L)]);

        relay.CutAfter(bytes);
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, frame))).IsTransient);
        Assert.Equal(1, relay.Cuts);
        await WriteAsync(store, frame);
        Assert.Equal(Set((0, 10_000 * 60)), await store.GetCoverageAsync(Stream));
    }

    [QuestDbFact]
    public async Task A_server_that_is_not_there_is_a_passing_error_and_is_asked_again()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open("postgresql://admin:secret-word@127.0.0.1:1/qdb");
        for (int i = 0; i < 2; i++)
        {
            StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream));
            Assert.True(error.IsTransient);
            Assert.DoesNotContain("secret-word", error.ToString(), StringComparison.Ordinal);
        }
    }

    private static int HttpPort => 9000;
}
