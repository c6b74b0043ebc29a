using Npgsql;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.History.QuestDb;

namespace Qmtl.Unit.BadWeather;

/// <summary>A run over a real QuestDB whose tables somebody else drops, renames and alters meanwhile.</summary>
[Collection(QuestDbCollection.Name)]
public sealed class QuestDbWeatherTests(QuestDbServer server) : QuestDbStoreTest(server)
{
    [QuestDbTheory]
    [InlineData(true, "DROP TABLE \"BTCUSDT\"")]
    [InlineData(false, "DROP TABLE \"BTCUSDT\"")]
    [InlineData(true, "DROP TABLE \"BTCUSDT\"", "DROP TABLE qmtl_empty_ranges")]
    [InlineData(true, "RENAME TABLE \"BTCUSDT\" TO gone")]
    [InlineData(false, "RENAME TABLE \"BTCUSDT\" TO gone")]
    public async Task A_table_that_is_dropped_or_renamed_during_the_run(bool overHttp, params string[] changes)
    {
        var run = new WeatherRun();
        await using QuestDbHistoryStore store = Open(httpUri: overHttp ? null : ClosedPort);
        run.BeforePage(3, () => ExecuteAsync(changes));

        BackfillResult result = await run.RunAsync(store);

        Assert.Null(result.Error);
        Assert.Equal(overHttp ? QuestDbWritePath.IlpOverHttp : QuestDbWritePath.PostgreSqlWire, store.WritePath);
        string warning = Assert.Single(run.Warnings);
        Assert.StartsWith($"The table 'BTCUSDT' in {store.Info.DisplayName} is gone", warning, StringComparison.Ordinal);
        Assert.Contains("run again", warning, StringComparison.Ordinal);
        await run.AssertRecoversAsync(store);
        Assert.Equal([4L * WeatherRun.BarsPerPage - 3], await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\""));
    }

    [QuestDbTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_column_that_is_dropped_during_the_run_is_made_again_with_a_warning(bool overHttp)
    {
        var run = new WeatherRun();
        await using QuestDbHistoryStore store = Open(httpUri: overHttp ? null : ClosedPort);
        run.BeforePage(3, () => ExecuteAsync("ALTER TABLE \"BTCUSDT\" DROP COLUMN close"));

        BackfillResult result = await run.RunAsync(store);

        Assert.Null(result.Error);
        Assert.Contains("no longer had its column 'close'", Assert.Single(run.Warnings), StringComparison.Ordinal);
        Assert.Equal([(2L * WeatherRun.BarsPerPage) - 3], await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\" WHERE close IS NULL"));
        Assert.Equal([4L * WeatherRun.BarsPerPage - 3], await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\""));

        // The way out that the warning names; QuestDB deletes by partition or by table.
        await ExecuteAsync("DROP TABLE \"BTCUSDT\"");
        await using QuestDbHistoryStore again = Open();
        await run.AssertRecoversAsync(again);
    }

    [QuestDbTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_column_whose_type_is_changed_to_another_number_during_the_run(bool overHttp)
    {
        var run = new WeatherRun();
        await using QuestDbHistoryStore store = Open(httpUri: overHttp ? null : ClosedPort);
        run.BeforePage(3, () => ExecuteAsync("ALTER TABLE \"BTCUSDT\" ALTER COLUMN close TYPE FLOAT"));

        Assert.Null((await run.RunAsync(store)).Error);
        Assert.Empty(run.Warnings);
        await run.AssertRecoversAsync(store);
    }

    [QuestDbTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_column_of_whole_numbers_that_somebody_makes_one_of_doubles_in_the_way_that_an_error_recommends(bool overHttp)
    {
        await Server.ExecuteAsync(
            "CREATE TABLE \"BTCUSDT\" (node_id SYMBOL, interval INT, ts TIMESTAMP, close LONG) TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, node_id, interval)");
        await using QuestDbHistoryStore store = Open(httpUri: overHttp ? null : ClosedPort);
        await WriteAsync(store, Frame([60], Columns.Doubles("close", 7)));

        // The store's connections still know the column as it was.
        await ExecuteAsync("ALTER TABLE \"BTCUSDT\" ALTER COLUMN close TYPE DOUBLE");
        await WriteAsync(store, Frame([120, 180], Columns.Doubles("close", 7.5, 8)));
        await WriteAsync(store, Frame([240], Columns.Doubles("close", 9)));

        Assert.Equal([7.0, 7.5, 8.0, 9.0], ValuesOf(await ReadOneAsync(store), "close"));
        Assert.Empty(store.TakeWarnings(Stream));
    }

    [QuestDbFact]
    public async Task A_column_whose_type_no_longer_fits()
    {
        var run = new WeatherRun();
        await using QuestDbHistoryStore store = Open();
        run.BeforePage(3, () => ExecuteAsync("ALTER TABLE \"BTCUSDT\" ALTER COLUMN close TYPE VARCHAR"));

        run.AssertFailed(await run.RunAsync(store), store, "Column 'close'", "change the column's type in the table");

        await ExecuteAsync("ALTER TABLE \"BTCUSDT\" ALTER COLUMN close TYPE DOUBLE");
        await run.AssertRecoversAsync(store);
    }

    [QuestDbFact]
    public async Task Bars_that_are_kept_though_the_write_failed_are_said_to_be_uncounted()
    {
        var run = new WeatherRun();
        await using QuestDbHistoryStore store = Open();
        run.BeforePage(3, () => Server.SuspendAsync("BTCUSDT"));

        BackfillResult result = await run.RunAsync(store);
        run.AssertFailed(result, store, "is suspended", "the number written is at least what is counted");

        await ExecuteAsync("ALTER TABLE \"BTCUSDT\" RESUME WAL");
        Assert.True((await store.GetCoverageAsync(run.Stream)).BarCount > result.BarsWritten);
        await run.AssertRecoversAsync(store);
    }

    [QuestDbFact]
    public async Task A_server_that_was_never_reached_kept_nothing_that_is_not_counted()
    {
        var run = new WeatherRun();
        (string host, int port) = QuestDbServer.Address;
        await using var relay = new TcpRelay(host, port);
        await using var store = new QuestDbHistoryStore($"Host=127.0.0.1;Port={relay.Port};Username=admin;Password=quest;Database=qdb");
        run.BeforePage(3, () =>
        {
            relay.IsClosed = true;
            relay.CutAfter(1);
            return Task.CompletedTask;
        });

        BackfillResult result = await run.RunAsync(store);
        Assert.Equal(BackfillStatus.Failed, result.Status);
        Assert.DoesNotContain("at least what is counted", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(result.BarsWritten, (await Server.QueryAsync<long>("SELECT count() FROM \"BTCUSDT\""))[0]);
    }

    [QuestDbTheory]
    [InlineData(SslMode.Require, "Auto")]
    [InlineData(SslMode.VerifyFull, "Auto")]
    [InlineData(SslMode.VerifyFull, "QuestDb")]
    public async Task TLS_asked_of_a_server_that_has_none(SslMode mode, string kind)
    {
        var run = new WeatherRun();
        (string host, int port) = QuestDbServer.Address;
        await using IHistoryStore store = HistoryStoreFactory.Open($"Host={host};Port={port};Database=qdb;Username=admin;Password=quest;SSL Mode={mode}", new HistoryStoreOptions { Kind = kind });

        run.AssertFailed(await run.RunAsync(store), store, "offers no TLS, which the SSL mode of the connection string demands", "SSL Mode=Prefer or Disable");
        Assert.Empty(run.Source.Asked);
    }

    [QuestDbFact]
    public async Task A_table_that_is_gone_when_the_way_in_is_decided_says_nothing_of_the_HTTP_server()
    {
        await using QuestDbHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        var table = new QuestDbTable("BTCUSDT", IsWal: true, "ts", ["ts", "node_id", "interval"]);
        using var http = new QuestDbHttp(new Uri($"http://{QuestDbServer.Address.Host}:9000"), "admin", "quest", store.Info.DisplayName, new(TimeProvider.System));
        using var path = new QuestDbBulkPath(http, store.Info.DisplayName, TimeProvider.System);
        await using NpgsqlConnection connection = await Server.ConnectAsync();
        await ExecuteAsync("DROP TABLE \"BTCUSDT\"");

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => path.FindAsync(connection, table, CancellationToken.None));
        Assert.True(error.IsTransient);
        Assert.Contains("'BTCUSDT' dropped", error.Message, StringComparison.Ordinal);
        Assert.Equal(QuestDbWritePath.Undecided, path.Path);

        await WriteAsync(store, Frame(60));
        Assert.Same(http, await path.FindAsync(connection, table, CancellationToken.None));
        Assert.Equal(QuestDbWritePath.IlpOverHttp, path.Path);
    }

    [QuestDbTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_QuestDB_that_is_opened_as_a_PostgreSQL(bool askedBefore)
    {
        var run = new WeatherRun();
        await using IHistoryStore store = HistoryStoreFactory.Open(QuestDbServer.ConnectionString!, new HistoryStoreOptions { Kind = "PostgreSql" });
        if (askedBefore)
        {
            // The driver fails in another way the second time.
            await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync());
        }

        run.AssertFailed(await run.RunAsync(store), store, "is a QuestDb server, and the store was opened as one of the kind PostgreSql", "Choose the kind QuestDb, or leave the kind out");
        Assert.Empty(run.Source.Asked);
    }

    private async Task ExecuteAsync(params string[] statements)
    {
        foreach (string statement in statements)
        {
            await Server.ExecuteAsync(statement);
        }
    }
}
