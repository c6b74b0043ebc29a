using Npgsql;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History.QuestDb;

/// <summary>Revisions and removals where a server commits table by table and knows no DELETE.</summary>
[Collection(QuestDbCollection.Name)]
public sealed class QuestDbRevisionTests(QuestDbServer server) : QuestDbStoreTest(server)
{
    private static Task<List<BarRevision>> TrailAsync(QuestDbHistoryStore store) => store.ReadRevisionsAsync(Stream).ToListAsync().AsTask();

    // As a process leaves the trail that dies between its entries and its bars (0: planned).
    private Task PlanAsync(long open, string was, string @is) => Server.ExecuteAsync(
        "INSERT INTO qmtl_revisions (bar_at, node_id, interval, bar_ts, revised_at, column_name, old_value, new_value, source, state) "
        + $"VALUES ({open}000000, 'BTCUSDT', 60, {open}, 1714564800000000, 'close', '{was}', '{@is}', 'dead', 0)");

    private static async Task<QuestDbHistoryStore> OpenWithTrailAsync(Uri? httpUri = null)
    {
        QuestDbHistoryStore store = Open(httpUri: httpUri);
        await WriteAsync(store, Frame([60, 120, 180], Doubles("close", 1, 2, 3)));
        await store.ReviseAsync(Stream, [Page(Frame([180], Doubles("close", 3.5)))], trailAdded: false);
        return store;
    }

    [QuestDbFact]
    public async Task An_entry_whose_change_was_never_made_is_not_told_and_is_withdrawn_by_the_next_revision()
    {
        await using QuestDbHistoryStore store = await OpenWithTrailAsync();
        await PlanAsync(60, "1", "7");
        await WalAppliedAsync();
        Assert.Equal([(180L, "3.5")], (await TrailAsync(store)).Select(entry => (entry.Timestamp, entry.Is!)));

        await store.ReviseAsync(Stream, [Page(Frame([60], Doubles("close", 7)))], trailAdded: false);
        BarRevision[] trail = [.. await TrailAsync(store)];
        Assert.Equal([(60L, "exchange"), (180L, "exchange")], trail.Select(entry => (entry.Timestamp, entry.Source)));
        Assert.Equal([7.0, 2.0, 3.5], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [QuestDbFact]
    public async Task An_entry_whose_change_was_made_is_told_although_nobody_confirmed_it()
    {
        await using QuestDbHistoryStore store = await OpenWithTrailAsync();
        await PlanAsync(120, "9", "2");
        await WalAppliedAsync();
        Assert.Equal([(120L, "dead"), (180L, "exchange")], (await TrailAsync(store)).Select(entry => (entry.Timestamp, entry.Source)));

        // It stays told, also when the bar is changed again.
        await store.ReviseAsync(Stream, [Page(Frame([120], Doubles("close", 5)))], trailAdded: false);
        Assert.Equal([("9", "2"), ("2", "5"), ("3", "3.5")], (await TrailAsync(store)).Select(entry => (entry.Was!, entry.Is!)));
    }

    [QuestDbFact]
    public async Task Revisions_and_removals_go_over_the_PostgreSQL_wire_as_well()
    {
        await using QuestDbHistoryStore store = await OpenWithTrailAsync(ClosedPort);
        Assert.Equal("3.5", Assert.Single(await TrailAsync(store)).Is);
        Assert.Equal(new RemovedHistory(2, 0), await store.RemoveAsync(Stream, new Qmtl.Time.TimeRange(60, 120)));
        Assert.Equal([3.5], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [QuestDbFact]
    public async Task A_table_without_keys_is_refused_before_anything_is_written_and_can_be_removed_from()
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, close DOUBLE) TIMESTAMP(ts) PARTITION BY MONTH WAL");
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Doubles("close", 1, 2)));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.ReviseAsync(
            Stream, [Page(Frame([60, 120, 180], Doubles("close", 1, 9, 3)))], trailAdded: true));
        Assert.Contains("Stored bars that differ cannot be replaced there, and nothing was written.", error.Message, StringComparison.Ordinal);
        Assert.Contains("DEDUP ENABLE UPSERT KEYS", error.Message, StringComparison.Ordinal);
        Assert.Equal([1.0, 2.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Empty(await TrailAsync(store));
        Assert.Equal(1, (await store.RemoveAsync(Stream, new Qmtl.Time.TimeRange(60, 60))).Bars);
        Assert.Equal([2.0], ValuesOf(await ReadOneAsync(store), "close"));
    }

    [QuestDbFact]
    public async Task A_table_with_a_column_that_is_not_written_here_keeps_its_values()
    {
        await Server.ExecuteAsync(
            "CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, close DOUBLE, inserted_at TIMESTAMP) "
            + "TIMESTAMP(ts) PARTITION BY MONTH WAL DEDUP UPSERT KEYS(ts, node_id, interval)");
        await Server.ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60000000, 1.0, 77000000)");
        await using QuestDbHistoryStore store = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.ReviseAsync(
            Stream, [Page(Frame([60, 120], Doubles("close", 9, 2)))], trailAdded: true));
        Assert.Contains("'inserted_at'", error.Message, StringComparison.Ordinal);
        Assert.Equal([1.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Empty(await TrailAsync(store));

        // What only adds bars takes nothing away.
        Assert.Equal(1, (await store.ReviseAsync(Stream, [Page(Frame([60, 120], Doubles("close", 1, 2)))], trailAdded: true)).Added.BarCount);
    }

    [QuestDbFact]
    public async Task Rows_that_are_no_bars_are_removed_also_where_no_bar_is()
    {
        await Server.ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, close DOUBLE) TIMESTAMP(ts) PARTITION BY MONTH WAL");
        await Server.ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60000000, 1.0), ('BTCUSDT', 60, 91000000, 1.0), ('BTCUSDT', 60, 120000000, 1.0)");
        await using QuestDbHistoryStore store = Open();
        Assert.Equal([60L, 120L], OpensOf(await ReadOneAsync(store)));
        Assert.Equal(new RemovedHistory(0, 0), await store.RemoveAsync(Stream, new Qmtl.Time.TimeRange(91, 91)));
        await using NpgsqlConnection connection = await Server.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT count() FROM \"BTCUSDT\" WHERE node_id = 'BTCUSDT'", connection);
        Assert.Equal(2L, await command.ExecuteScalarAsync());
    }

    private async Task WalAppliedAsync()
    {
        await using NpgsqlConnection connection = await Server.ConnectAsync();
        await WalWait.UntilReadableAsync(connection, "qmtl_revisions", "the server", TimeProvider.System, CancellationToken.None);
    }
}
