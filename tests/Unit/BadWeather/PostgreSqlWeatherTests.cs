using System.Net;
using Npgsql;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

/// <summary>Weather over a server that stays up.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class PostgreSqlWeatherTests(PostgreSqlServer server) : IAsyncLifetime
{
    private const string ChangingPassword = "a-changing-password";

    private string _database = string.Empty;

    public async Task InitializeAsync()
    {
        if (PostgreSqlBinaries.Folder is not null)
        {
            _database = await server.CreateDatabaseAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (_database.Length > 0)
        {
            await ExecuteAsync("postgres", $"DROP DATABASE {_database} WITH (FORCE)");
        }
    }

    // Words that are in every message, in the server's answer or in the address: nothing may be made unreadable on their account.
    [PostgreSqlTheory]
    [InlineData("hunter2-not-the-password")]
    [InlineData("p")]
    [InlineData("postgresql")]
    [InlineData("qmtl")]
    public async Task A_wrong_password(string wrong)
    {
        var run = new WeatherRun();
        await using IHistoryStore store = HistoryStoreFactory.Open($"postgresql://qmtl:{wrong}@127.0.0.1:{server.Port}/{_database}");

        BackfillResult result = await run.RunAsync(store);

        run.AssertFailed(result, store, "refused the user or the password", "Correct them");
        Assert.StartsWith($"postgresql://127.0.0.1:{server.Port}/{_database} refused the user or the password", result.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("***", result.Error.Message, StringComparison.Ordinal);
        if (wrong.StartsWith("hunter2", StringComparison.Ordinal))
        {
            Assert.DoesNotContain(wrong, result.Error.ToString(), StringComparison.Ordinal);
        }

        Assert.Empty(run.Source.Asked);
        await using IHistoryStore right = Open();
        await run.AssertRecoversAsync(right);
    }

    [PostgreSqlFact]
    public async Task No_password_where_the_server_demands_one()
    {
        var run = new WeatherRun();
        await using IHistoryStore store = HistoryStoreFactory.Open($"postgresql://qmtl@127.0.0.1:{server.Port}/{_database}");
        run.AssertFailed(await run.RunAsync(store), store, "asks for a password, and none was given", "Check the connection string, or give a credential");
    }

    [PostgreSqlFact]
    public async Task A_password_that_is_changed_during_the_run()
    {
        await ExecuteAsync(_database, $"DROP ROLE IF EXISTS changing; CREATE ROLE changing LOGIN SUPERUSER PASSWORD '{ChangingPassword}'");
        var run = new WeatherRun();
        await using IHistoryStore store = HistoryStoreFactory.Open(server.UriOf(_database), null, new NetworkCredential("changing", ChangingPassword));
        run.BeforePage(3, () => ExecuteAsync(
            _database, "ALTER ROLE changing PASSWORD 'other'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'changing'"));

        // One retry: the broken session is worth it, the refused password is not.
        BackfillResult result = await run.RunAsync(store);
        Assert.Contains("refused the user or the password", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(1, run.Retries);
        Assert.Equal(2 * WeatherRun.BarsPerPage - 3, result.BarsWritten);
        await using IHistoryStore right = Open();
        await run.AssertRecoversAsync(right);
        await ExecuteAsync(_database, "REASSIGN OWNED BY changing TO qmtl; DROP ROLE changing");
    }

    [PostgreSqlFact]
    public async Task A_server_that_has_no_connection_left_for_a_while()
    {
        await ExecuteAsync(_database, $"DROP ROLE IF EXISTS crowded; CREATE ROLE crowded LOGIN CONNECTION LIMIT 0 PASSWORD '{ChangingPassword}'; GRANT ALL ON SCHEMA public TO crowded");
        var run = new WeatherRun();
        await using IHistoryStore store = HistoryStoreFactory.Open(server.UriOf(_database), null, new NetworkCredential("crowded", ChangingPassword));
        run.AssertFailed(await run.RunAsync(store), store, "has no connection left for this user", "max_connections", isTransient: true);

        var again = new WeatherRun();
        Task<BackfillResult> running = again.Start(store);
        await again.Retrying;
        await ExecuteAsync(_database, "ALTER ROLE crowded CONNECTION LIMIT -1");
        Assert.Null((await again.EndAsync(running)).Error);
        await again.AssertCompleteAsync(store);
        await store.DisposeAsync();
        await ExecuteAsync(_database, "DROP OWNED BY crowded; DROP ROLE crowded");
    }

    [PostgreSqlTheory]
    [InlineData("DROP TABLE \"BTCUSDT\"")]
    [InlineData("DROP TABLE \"BTCUSDT\", qmtl_empty_ranges")]
    [InlineData("ALTER TABLE \"BTCUSDT\" DROP CONSTRAINT \"BTCUSDT_pkey\"")]
    [InlineData("ALTER TABLE \"BTCUSDT\" ALTER COLUMN ts TYPE integer")]
    [InlineData("ALTER TABLE \"BTCUSDT\" ALTER COLUMN close TYPE numeric(30, 8)")]
    [InlineData("ALTER TABLE \"BTCUSDT\" ALTER COLUMN close TYPE bigint")]
    [InlineData("ALTER TABLE \"BTCUSDT\" RENAME TO gone")]
    public async Task A_table_that_is_dropped_or_altered_while_a_page_is_written(string change)
    {
        var run = new WeatherRun();
        await using PostgreSqlHistoryStore store = Open();
        await using NpgsqlConnection other = await ConnectAsync(_database);
        var waiting = new TaskCompletionSource();
        run.BeforePage(3, async () =>
        {
            // The change holds its lock and is not committed: the page's columns are looked up as they were, and its rows wait.
            await ExecuteAsync(other, $"BEGIN; {change}");
            waiting.SetResult();
        });
        Task<BackfillResult> running = run.Start(store);
        await waiting.Task;
        await UntilWaitingForLockAsync();
        await ExecuteAsync(other, "COMMIT");

        BackfillResult result = await run.EndAsync(running);
        Assert.Null(result.Error);
        run.AssertNoSecrets(result);
        bool isGone = change.StartsWith("DROP TABLE", StringComparison.Ordinal) || change.Contains("RENAME TO", StringComparison.Ordinal);
        Assert.Equal(isGone ? [$"The table 'BTCUSDT' in {store.Info.DisplayName} is gone, although bars had been written to it, and was made again. Those bars are missing: run again to fetch them."] : [], run.Warnings);
        await run.AssertRecoversAsync(store);
    }

    [PostgreSqlFact]
    public async Task A_column_that_is_dropped_during_the_run_is_made_again_with_a_warning()
    {
        var run = new WeatherRun();
        await using IHistoryStore store = Open();
        run.BeforePage(3, () => ExecuteAsync(_database, "ALTER TABLE \"BTCUSDT\" DROP COLUMN close"));

        Assert.Null((await run.RunAsync(store)).Error);
        Assert.Contains("no longer had its column 'close'", Assert.Single(run.Warnings), StringComparison.Ordinal);

        // The way out that the warning names.
        await ExecuteAsync(_database, "DELETE FROM \"BTCUSDT\" WHERE close IS NULL");
        await run.AssertRecoversAsync(store);
    }

    [PostgreSqlTheory]
    [InlineData(SslMode.Require)]
    [InlineData(SslMode.VerifyFull)]
    public async Task TLS_asked_of_a_server_that_has_none(SslMode mode)
    {
        var run = new WeatherRun();
        await using var store = new PostgreSqlHistoryStore(new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(_database)) { SslMode = mode }.ConnectionString);
        run.AssertFailed(await run.RunAsync(store), store, "offers no TLS, which the SSL mode of the connection string demands", "Turn TLS on at the server");
        Assert.Empty(run.Source.Asked);
    }

    [PostgreSqlFact]
    public async Task A_pool_of_connections_that_is_exhausted()
    {
        var run = new WeatherRun(bars: 10_000);
        await using var store = new PostgreSqlHistoryStore(new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(_database)) { MaxPoolSize = 1, Timeout = 1 }.ConnectionString);
        await run.AssertRecoversAsync(store);
        await using IAsyncEnumerator<Qmtl.Data.BarFrame> reading = store.ReadAsync(run.Stream, run.Range).GetAsyncEnumerator();
        Assert.True(await reading.MoveNextAsync());

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync());
        Assert.Contains("has no connection free in this process's pool", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [PostgreSqlFact]
    public async Task A_way_to_authenticate_that_the_connection_string_does_not_allow()
    {
        var run = new WeatherRun();
        await using var store = new PostgreSqlHistoryStore(server.ConnectionStringOf(_database) + ";Require Auth=MD5");
        run.AssertFailed(await run.RunAsync(store), store, "agree on no way to authenticate", "Change Require Auth");
    }

    [PostgreSqlFact]
    public async Task A_PostgreSQL_that_is_opened_as_a_QuestDB()
    {
        var run = new WeatherRun();
        await using IHistoryStore store = HistoryStoreFactory.Open(server.UriOf(_database), new HistoryStoreOptions { Kind = "QuestDb" });
        run.AssertFailed(await run.RunAsync(store), store, "is a PostgreSql server, and the store was opened as one of the kind QuestDb", "Choose the kind PostgreSql, or leave the kind out");
        StoreException listing = await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync());
        Assert.Contains("Choose the kind PostgreSql", listing.Message, StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task A_column_that_no_longer_fits()
    {
        var run = new WeatherRun();
        await using IHistoryStore store = Open();
        run.BeforePage(3, () => ExecuteAsync(_database, "ALTER TABLE \"BTCUSDT\" RENAME close TO kept; ALTER TABLE \"BTCUSDT\" ADD close boolean"));

        run.AssertFailed(await run.RunAsync(store), store, string.Empty, "change the column's type in the table");

        await ExecuteAsync(_database, "ALTER TABLE \"BTCUSDT\" DROP close; ALTER TABLE \"BTCUSDT\" RENAME kept TO close");
        await run.AssertRecoversAsync(store);
    }

    [SmallDiskFact(andPostgreSql: true)]
    public async Task A_disk_that_is_full()
    {
        var run = new WeatherRun(bars: 20_000);
        using var disk = new SmallDisk(600);
        await using (NpgsqlConnection asking = await ConnectAsync("postgres"))
        {
            await using var folder = new NpgsqlCommand("SHOW data_directory", asking);
            SmallDisk.Run("chown", "--reference=" + (string)(await folder.ExecuteScalarAsync())!, disk.FullPath);
        }

        string small = "small_" + _database;
        await ExecuteAsync("postgres", $"CREATE TABLESPACE {small} LOCATION '{disk.FullPath}'");
        await ExecuteAsync("postgres", $"ALTER DATABASE {_database} SET default_tablespace = {small}");
        try
        {
            await using IHistoryStore store = Open();
            run.AssertFailed(await run.RunAsync(store), store, "the server's disk is full", "Free some space");

            disk.Grow(64 * 1024);
            await run.AssertRecoversAsync(store);
        }
        finally
        {
            await DisposeAsync();
            _database = string.Empty;
            await ExecuteAsync("postgres", $"DROP TABLESPACE {small}");
        }
    }

    [PostgreSqlFact]
    public async Task A_commit_whose_answer_is_lost()
    {
        var run = new WeatherRun();
        await using var proxy = new CuttingProxy(server.Port);
        await using var store = new PostgreSqlHistoryStore(
            new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(_database)) { Port = proxy.Port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable }.ConnectionString);
        run.BeforePage(3, () =>
        {
            proxy.CutAtCommit();
            return Task.CompletedTask;
        });

        BackfillResult result = await run.RunAsync(store);

        Assert.True(proxy.HasCut);
        Assert.Null(result.Error);
        Assert.Equal(1, result.Retries);
        Assert.Equal((4 * WeatherRun.BarsPerPage) - 3, result.BarsWritten);
        run.AssertNoSecrets(result);
        await run.AssertCompleteAsync(store);
    }

    private PostgreSqlHistoryStore Open() => new(server.ConnectionStringOf(_database));

    private async Task UntilWaitingForLockAsync()
    {
        await using NpgsqlConnection connection = await ConnectAsync("postgres");
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{_database}'", connection);
        while (await command.ExecuteScalarAsync() is 0L)
        {
            await Task.Delay(1);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(server.ConnectionStringOf(database) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private async Task ExecuteAsync(string database, string sql)
    {
        await using NpgsqlConnection connection = await ConnectAsync(database);
        await ExecuteAsync(connection, sql);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
