using System.Data.Common;
using System.Net;
using Npgsql;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.History;

[RequiresPostgreSql]
[Collection(PostgreSqlCollection.Name)]
public sealed class PostgreSqlHistoryStoreTests(PostgreSqlServer server) : HistoryStoreContract, IAsyncLifetime
{
    private string _database = string.Empty;

    public async Task InitializeAsync() => _database = await server.CreateDatabaseAsync();

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"DROP DATABASE IF EXISTS {_database} WITH (FORCE)", connection);
        await command.ExecuteNonQueryAsync();
    }

    [PostgreSqlFact]
    public async Task Nothing_shows_the_user_or_the_password()
    {
        await using IHistoryStore store = Open();
        Assert.Equal($"postgresql://127.0.0.1:{server.Port}/{_database}", store.Info.DisplayName);
    }

    [PostgreSqlFact]
    public async Task A_URI_with_an_escaped_password_connects()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(server.UriOf(_database) + "?sslmode=disable");
        await WriteAsync(store, Frame(60));
        Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
    }

    [PostgreSqlFact]
    public async Task A_credential_takes_the_place_of_the_connection_strings()
    {
        var credential = new NetworkCredential(PostgreSqlServer.UserName, PostgreSqlServer.Password);
        await using IHistoryStore store = HistoryStoreFactory.Open($"postgresql://nobody:wrong@127.0.0.1:{server.Port}/{_database}", null, credential);
        Assert.Empty(await store.GetStreamsAsync());
    }

    [PostgreSqlFact]
    public async Task A_wrong_password_is_a_clear_error_that_does_not_hold_it()
    {
        const string Wrong = "hunter2-not-the-password";
        await using IHistoryStore store = HistoryStoreFactory.Open($"Host=127.0.0.1;Port={server.Port};Database={_database};Username=qmtl;Password={Wrong}");
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream));
        Assert.Contains("refused the user or the password", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Wrong, error.ToString(), StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [PostgreSqlFact]
    public async Task A_database_that_does_not_exist_is_a_clear_error()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(server.ConnectionStringOf("no_such_database"));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync());
        Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [PostgreSqlFact]
    public async Task A_server_that_is_not_there_is_a_passing_error()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open("postgresql://user:secret-word@127.0.0.1:1/db");
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60)));
        Assert.True(error.IsTransient);
        Assert.DoesNotContain("secret-word", error.ToString(), StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task A_server_without_TLS_is_a_clear_error_where_TLS_is_demanded()
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(server.UriOf(_database) + "?sslmode=verify-full");
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync());
        Assert.Contains("SSL", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgreSqlServer.Password, error.ToString(), StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task A_user_without_rights_is_told_so()
    {
        await ExecuteAsync("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'reader'; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER ROLE reader SET search_path = public");
        await using IHistoryStore store = HistoryStoreFactory.Open(server.ConnectionStringOf(_database), null, new NetworkCredential("reader", "reader"));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60)));
        Assert.Contains("does not allow", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [PostgreSqlFact]
    public async Task A_session_that_the_server_ends_is_a_passing_error_and_the_next_try_works()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await using DbConnection holder = await ConnectAsync();
        await using DbTransaction transaction = await holder.BeginTransactionAsync();
        await ExecuteAsync(holder, "LOCK TABLE \"BTCUSDT\" IN ACCESS EXCLUSIVE MODE");
        Task<StoreException> writing = Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(120)));
        while (await ScalarAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") is 0L)
        {
            await Task.Yield();
        }

        Assert.True((await writing).IsTransient);
        await transaction.RollbackAsync();
        await WriteAsync(store, Frame(180));
        Assert.Equal(Set((60, 60), (180, 180)), await store.GetCoverageAsync(Stream));
    }

    [PostgreSqlFact]
    public async Task A_server_that_crashes_and_comes_back_is_used_again()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await server.StopAsync(immediately: true);
        try
        {
            Assert.True((await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(120)))).IsTransient);
            Assert.True((await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream))).IsTransient);
        }
        finally
        {
            await server.StartAsync();
        }

        await WriteAsync(store, Frame(180));
        Assert.Equal(Set((60, 60), (180, 180)), await store.GetCoverageAsync(Stream));
    }

    [PostgreSqlFact]
    public async Task Columns_of_every_type_are_read()
    {
        await ExecuteAsync("""
            CREATE TABLE "BTCUSDT" (node_id text, "interval" smallint, ts integer, i2 smallint, i4 integer, f4 real, n numeric(30, 10), b boolean, c char(3), t timestamptz, d date, j json, a integer[]);
            INSERT INTO "BTCUSDT" VALUES ('BTCUSDT', 60, 60, -1, 2, 0.5, 1234567890.0123456789, true, 'ab', '2024-01-01T00:00:00+02', '2024-01-01', '{"x":1}', '{1,2}');
            INSERT INTO "BTCUSDT" (node_id, "interval", ts) VALUES ('BTCUSDT', 60, 120);
            """);
        await using IHistoryStore store = Open();

        BarFrame read = await ReadOneAsync(store);
        object[] expected = [-1L, 2L, 0.5, 1234567890.0123456789, true, "ab", "2023-12-31 22:00:00+00", "2024-01-01", "{\"x\":1}", "{1,2}"];
        Assert.Equal(expected, read.Columns.Select(column => column.GetValue(0)));
        Assert.All(read.Columns, column => Assert.True(column.IsNull(1)));
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
    }

    [PostgreSqlFact]
    public async Task An_interval_that_its_column_cannot_hold_is_refused()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id text, \"interval\" smallint, ts bigint, close float8, PRIMARY KEY (node_id, \"interval\", ts))");
        await using IHistoryStore store = Open();
        var days = new StreamKey("BTCUSDT", BarInterval.FromSeconds(86400));
        var frame = new BarFrame(days.Interval, new long[] { 86400 }, [Doubles("close", 1)]);
        TimeRangeSet none = TimeRangeSet.Empty(days.Interval);

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.WriteAsync(days, [new BarPage("test", frame, none, none)]));

        Assert.Contains("smallint, which cannot hold 86400, the number of 1d", error.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
    }

    [PostgreSqlTheory]
    [InlineData("PRIMARY KEY (node_id, \"interval\", ts)")]
    [InlineData("CHECK (true)")]
    public async Task Columns_of_narrower_types_are_written_where_nothing_is_lost(string constraint)
    {
        await ExecuteAsync($"CREATE TABLE \"BTCUSDT\" (node_id varchar(20), \"interval\" smallint, ts integer, i2 smallint, i4 integer, f4 real, n numeric(30, 18), ni numeric, v varchar(10), {constraint})");
        await using IHistoryStore store = Open();
        for (int write = 0; write < 2; write++)
        {
            // Twice: into the table as it is empty, and over what is there.
            await WriteAsync(store, Frame(
                [60, 120],
                Longs("i2", -32768L, 1),
                Doubles("i4", 2147483647.0, 1),
                Doubles("f4", 0.5, 1e30f),
                Doubles("n", 0.1, 123456.789012345678),
                Longs("ni", long.MinValue, long.MaxValue),
                Texts("v", "x", null)));
        }

        Assert.Equal(2L, await ScalarAsync("SELECT count(*) FROM \"BTCUSDT\""));
        Assert.Equal("0.100000000000000000", await ScalarAsync("SELECT n::text FROM \"BTCUSDT\" WHERE ts = 60"));
        Assert.Equal("-9223372036854775808", await ScalarAsync("SELECT ni::text FROM \"BTCUSDT\" WHERE ts = 60"));
        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([0.1, 123456.789012345678], ValuesOf(read, "n"));
        Assert.Equal([0.5, (double)1e30f], ValuesOf(read, "f4"));
        Assert.Equal([-32768L, 1L], ValuesOf(read, "i2"));

        foreach (BarColumn column in (BarColumn[])[
            Longs("i2", 32768L), Doubles("i4", 2147483648.0), Doubles("f4", 0.1), Doubles("n", 1.25e-18)])
        {
            await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([180], column)));
        }

        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
    }

    // The server would round it without a word, and a comparison would find the difference again for ever.
    [PostgreSqlTheory]
    [InlineData("numeric(10, 2)", new[] { 0.1, 12345678.25, -0.01, 1e7 }, new[] { 0.125, 1e-3, 1.0000001 })]
    [InlineData("numeric(12)", new[] { 1.0, 1e11 }, new[] { 0.5 })]
    [InlineData("numeric(6, -2)", new[] { 100.0, 1.2e5 }, new[] { 150.0 })]
    [InlineData("numeric", new[] { 1.2345678901234567e-30, 1e300 }, new double[0])]
    public async Task A_decimal_column_takes_what_it_keeps_and_refuses_what_it_would_round(string type, double[] kept, double[] rounded)
    {
        await ExecuteAsync($"CREATE DOMAIN price AS {type}");
        await ExecuteAsync($"CREATE TABLE \"BTCUSDT\" (node_id text, \"interval\" int, ts bigint, n {type}, d price, PRIMARY KEY (node_id, \"interval\", ts))");
        await using IHistoryStore store = Open();
        for (int row = 0; row < kept.Length; row++)
        {
            await WriteAsync(store, Frame([60 * row], Doubles("n", kept[row]), Doubles("d", kept[row])));
        }

        foreach (double value in rounded)
        {
            foreach (string column in (string[])["n", "d"])
            {
                StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([6000], Doubles(column, value))));
                Assert.Contains("cannot keep a number such as", error.Message, StringComparison.Ordinal);
            }
        }

        Assert.Equal(kept.Cast<object?>(), ValuesOf(await ReadOneAsync(store), "n"));
    }

    [PostgreSqlFact]
    public async Task A_column_that_was_whole_first_takes_fractions_later_and_keeps_every_number()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60, 120], Longs("n", 10, -7), Longs("big", (1L << 53) + 1, 0)));
        await WriteAsync(store, Frame([180], Doubles("n", 10.75)));

        Assert.Equal([10.0, -7.0, 10.75], ValuesOf(await ReadOneAsync(store), "n"));
        Assert.Contains("was of type bigint and holds doubles now", Assert.Single(store.TakeWarnings(Stream)), StringComparison.Ordinal);
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([240], Doubles("big", 0.5))));
        Assert.Contains("beyond 2^53", error.Message, StringComparison.Ordinal);
        Assert.Equal([(1L << 53) + 1, 0L, null], ValuesOf(await ReadOneAsync(store), "big"));
    }

    [PostgreSqlFact]
    public async Task A_number_that_no_double_is_and_that_another_session_is_writing_keeps_its_column_from_being_widened()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("n", 10)));
        await using DbConnection other = await ConnectAsync();
        await using DbTransaction transaction = await other.BeginTransactionAsync();
        await ExecuteAsync(other, "INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 120, 9007199254740993)");
        Task<StoreException> writing = Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([180], Doubles("n", 0.5))));
        while (await ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") is 0L)
        {
            await Task.Yield();
        }

        await transaction.CommitAsync();
        Assert.Contains("beyond 2^53", (await writing).Message, StringComparison.Ordinal);
        Assert.Equal([10L, (1L << 53) + 1], ValuesOf(await ReadOneAsync(store), "n"));
    }

    [PostgreSqlFact]
    public async Task Widening_a_column_may_take_longer_than_any_other_command()
    {
        await using (IHistoryStore store = Open())
        {
            await WriteAsync(store, Frame([60, 120, 180], Longs("n", 1, 2, 3)));
        }

        // The server rebuilds the index with the table, and takes three seconds for it.
        await ExecuteAsync("CREATE FUNCTION slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN $1; END'");
        await ExecuteAsync("CREATE INDEX slow_index ON \"BTCUSDT\" (slow(ts))");
        await using IHistoryStore patient = HistoryStoreFactory.Open(server.ConnectionStringOf(_database) + ";Command Timeout=2");
        await WriteAsync(patient, Frame([240], Doubles("n", 0.5)));
        Assert.Equal([1.0, 2.0, 3.0, 0.5], ValuesOf(await ReadOneAsync(patient), "n"));
    }

    [PostgreSqlTheory]
    [InlineData("CREATE VIEW \"my view\" AS SELECT n FROM \"BTCUSDT\"", "view \"my view\"")]
    [InlineData("ALTER TABLE \"BTCUSDT\" ADD COLUMN twice bigint GENERATED ALWAYS AS (n * 2) STORED", "column twice")]
    [InlineData(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER watching BEFORE UPDATE OF n ON \"BTCUSDT\" EXECUTE FUNCTION f()",
        "trigger watching")]
    public async Task What_keeps_a_column_from_being_widened_is_named_and_nothing_is_written(string statement, string named)
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([60], Longs("n", 1)));
        await ExecuteAsync(statement);

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([120], Doubles("n", 0.5), Doubles("other", 1))));
        Assert.False(error.IsTransient);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was written. Drop that, run again, and make it again afterwards", error.Message, StringComparison.Ordinal);
        BarFrame read = await ReadOneAsync(store);
        Assert.Equal([1L], ValuesOf(read, "n"));
        Assert.Null(read.FindColumn("other"));
    }

    [PostgreSqlFact]
    public async Task The_tables_of_the_users_own_schema_are_used()
    {
        await ExecuteAsync("CREATE SCHEMA \"own; schema\"; CREATE TABLE public.\"BTCUSDT\" (unrelated text)");
        await ExecuteAsync($"ALTER DATABASE {_database} SET search_path = \"own; schema\", public");
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        Assert.Equal([Stream], await store.GetStreamsAsync());
        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM \"own; schema\".\"BTCUSDT\""));
    }

    [PostgreSqlFact]
    public async Task A_search_path_without_a_schema_is_a_clear_error()
    {
        await ExecuteAsync($"ALTER DATABASE {_database} SET search_path = nowhere");
        await using IHistoryStore store = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60)));
        Assert.Contains("search_path", error.Message, StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task A_column_name_that_the_server_would_cut_off_is_refused()
    {
        await using IHistoryStore store = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame([60], Doubles(new string('é', 40), 1.0))));
        Assert.Contains("63 bytes", error.Message, StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public void A_table_name_that_the_server_would_cut_off_is_refused() =>
        Assert.Throws<ArgumentException>(() => new PostgreSqlHistoryStore("Host=localhost", new string('é', 40)));

    private protected override IHistoryStore Open(string? table = null, TimeProvider? timeProvider = null) =>
        new PostgreSqlHistoryStore(server.ConnectionStringOf(_database), table, timeProvider: timeProvider);

    private protected override async Task<DbConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(server.ConnectionStringOf(_database));
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
