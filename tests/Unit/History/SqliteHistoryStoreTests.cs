using System.Data.Common;
using Microsoft.Data.Sqlite;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.Relational;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

public sealed class SqliteHistoryStoreTests : HistoryStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("history.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Reading_a_file_that_is_not_there_makes_none()
    {
        await using IHistoryStore store = Open();
        Assert.Empty(await store.GetStreamsAsync());
        Assert.True((await store.GetCoverageAsync(Stream)).IsEmpty);
        Assert.True((await store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
        Assert.Empty(await ReadAsync(store, Stream));
        Assert.False(File.Exists(FilePath));
        Assert.Equal($"sqlite:{FilePath}", store.Info.DisplayName);
    }

    [Fact]
    public async Task A_written_file_is_in_WAL_mode_and_disposal_lets_go_of_it()
    {
        await using (IHistoryStore store = Open())
        {
            await WriteAsync(store, Frame(60));
            Assert.Equal("wal", await ScalarAsync("PRAGMA journal_mode"));
        }

        SqliteConnection.ClearAllPools();
        Assert.Equal([FilePath], Directory.GetFiles(_folder.FullPath));
        Assert.Contains("WITHOUT ROWID", (string)(await ScalarAsync("SELECT sql FROM sqlite_schema WHERE name = 'BTCUSDT'"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_deleted_under_an_open_store_is_made_again()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder.FullPath, recursive: true);
        Directory.CreateDirectory(_folder.FullPath);

        Assert.True((await store.GetCoverageAsync(Stream)).IsEmpty);
        await WriteAsync(store, Frame(120));
        await using IHistoryStore other = Open();
        Assert.Equal(Set((120, 120)), await other.GetCoverageAsync(Stream));
    }

    [Fact]
    public async Task Values_that_do_not_fit_their_column_are_read_as_what_they_are()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id TEXT, \"interval\" INTEGER, ts INTEGER, close REAL, trades INTEGER, flag BOOLEAN, price DECIMAL(10,2), untyped, raw BLOB, day DATE)");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60, 1.5, 7, 1, 3, 5, x'0aff', '2024-01-01')");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 120, 2, 7.5, 2, 3.25, NULL, NULL, 20240102)");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 180, 'n/a', NULL, 0, NULL, 2.5, NULL, NULL)");
        await using IHistoryStore store = Open();

        BarFrame read = await ReadOneAsync(store);
        Assert.Equal(["1.5", "2", "n/a"], ValuesOf(read, "close"));
        Assert.Equal([7.0, 7.5, null], ValuesOf(read, "trades"));
        Assert.Equal([1L, 2L, 0L], ValuesOf(read, "flag"));
        Assert.Equal([3.0, 3.25, null], ValuesOf(read, "price"));
        Assert.Equal([5.0, null, 2.5], ValuesOf(read, "untyped"));
        Assert.Equal(["0AFF", null, null], ValuesOf(read, "raw"));
        Assert.Equal(["2024-01-01", "20240102", null], ValuesOf(read, "day"));
    }

    [Fact]
    public async Task A_text_in_a_column_of_whole_numbers_does_not_keep_it_from_being_widened()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id TEXT, \"interval\" INTEGER, ts INTEGER, n INTEGER, PRIMARY KEY (node_id, \"interval\", ts))");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60, 7), ('BTCUSDT', 60, 120, 'n/a'), ('BTCUSDT', 60, 180, x'ff'), ('BTCUSDT', 60, 240, 1e300)");
        await ExecuteAsync("CREATE TRIGGER t AFTER UPDATE ON \"BTCUSDT\" BEGIN SELECT RAISE(ABORT, 'fired'); END");
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([300], Columns.Doubles("n", 0.5)));
        Assert.Equal("REAL", await ScalarAsync("SELECT type FROM pragma_table_info('BTCUSDT') WHERE name = 'n'"));
        Assert.Equal(["7", "n/a", "FF", "1E+300", "0.5"], ValuesOf(await ReadOneAsync(store), "n"));
    }

    [Theory]
    [InlineData("", "CREATE INDEX \"my; index\" ON \"BTCUSDT\" (n)", "index 'my; index'", "Drop the index, run again, and make it again afterwards")]
    [InlineData("", "CREATE INDEX partial ON \"BTCUSDT\" (ts) WHERE n > 0", "index 'partial'", "Drop the index")]
    [InlineData("", "CREATE VIEW v AS SELECT n FROM \"BTCUSDT\"", "view 'v'", "Drop the view")]
    [InlineData("", "CREATE TRIGGER t AFTER UPDATE ON \"BTCUSDT\" WHEN NEW.n > 0 BEGIN SELECT 1; END", "trigger 't'", "Drop the trigger")]
    [InlineData("UNIQUE", "", "a rule of the table itself", "Make the table anew without that rule")]
    [InlineData(", CHECK (n > 0)", "", "a rule of the table itself", "Make the table anew without that rule")]
    public async Task What_keeps_a_column_from_being_widened_is_named_and_nothing_is_written(string rule, string statement, string named, string wayOut)
    {
        await ExecuteAsync($"CREATE TABLE \"BTCUSDT\" (node_id TEXT, \"interval\" INTEGER, ts INTEGER, n INTEGER {rule})");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60, 1)");
        await ExecuteAsync(statement);
        await using IHistoryStore store = Open();

        StoreException error = await Assert.ThrowsAsync<StoreException>(
            () => WriteAsync(store, Frame([120], Columns.Doubles("n", 0.5), Columns.Doubles("other", 1))));
        Assert.False(error.IsTransient);
        Assert.Contains("Column 'n' of table 'BTCUSDT'", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, error.Message, StringComparison.Ordinal);
        Assert.Equal(4L, await ScalarAsync("SELECT count(*) FROM pragma_table_info('BTCUSDT')"));
        Assert.Equal([1L], ValuesOf(await ReadOneAsync(store), "n"));
    }

    [Fact]
    public void A_rewrite_that_took_long_is_told_of()
    {
        var tables = new WrittenTables("the store");
        var column = new StoredColumn("n", StoredType.Int64, "bigint");
        tables.Widened(Stream, "T", [column], TimeSpan.FromSeconds(2));
        Assert.DoesNotContain("rewriting", Assert.Single(tables.TakeWarnings(Stream)), StringComparison.Ordinal);
        tables.Widened(Stream, "T", [column], TimeSpan.FromSeconds(412));
        Assert.Contains("rewriting the table took 412 s", Assert.Single(tables.TakeWarnings(Stream)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timestamps_that_are_not_whole_are_no_bars()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id TEXT, \"interval\" INTEGER, ts INTEGER, PRIMARY KEY (node_id, \"interval\", ts)) WITHOUT ROWID");
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame([.. Enumerable.Range(-1000, 2000).Where(bar => bar is not 1 and not -5).Select(bar => bar * 60L)], []));
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60.5), ('BTCUSDT', 60, -300.5), ('BTCUSDT', 60, 'text'), ('BTCUSDT', 60, -60000.5)");

        Assert.Equal(Set((-60_000, -360), (-240, 0), (120, 999 * 60)), await store.GetCoverageAsync(Stream));
        Assert.Equal(1998, (await ReadOneAsync(store)).Count);
    }

    [Fact]
    public async Task Timestamps_in_a_column_of_another_number_type_count()
    {
        await ExecuteAsync("CREATE TABLE \"BTCUSDT\" (node_id, \"interval\", ts)");
        await ExecuteAsync("INSERT INTO \"BTCUSDT\" VALUES ('BTCUSDT', 60, 60), ('BTCUSDT', 60, 120.0), ('BTCUSDT', 60, 180.5)");
        await using IHistoryStore store = Open();
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
        Assert.Equal([60, 120], OpensOf(await ReadOneAsync(store)));
    }

    [Fact]
    public async Task A_missing_folder_is_a_clear_error()
    {
        string path = Path.Combine(_folder.FullPath, "nowhere", "history.db");
        await using var store = new SqliteHistoryStore(path);
        foreach (StoreException error in new[]
        {
            await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream)),
            await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60))),
        })
        {
            Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
            Assert.False(error.IsTransient);
        }
    }

    [Fact]
    public async Task A_path_that_is_a_folder_is_a_clear_error()
    {
        await using var store = new SqliteHistoryStore(_folder.FullPath);
        Assert.Contains("is a folder", (await Assert.ThrowsAsync<StoreException>(() => store.GetStreamsAsync())).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", (await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_a_clear_error_and_stays_as_it_is()
    {
        string text = string.Concat(Enumerable.Repeat("ts,open,close\n", 1000));
        await File.WriteAllTextAsync(FilePath, text);
        await using IHistoryStore store = Open();
        foreach (StoreException error in new[]
        {
            await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(Stream)),
            await Assert.ThrowsAsync<StoreException>(() => WriteAsync(store, Frame(60))),
        })
        {
            Assert.Contains("not a SQLite database", error.Message, StringComparison.Ordinal);
            Assert.False(error.IsTransient);
        }

        Assert.Equal(text, await File.ReadAllTextAsync(FilePath));
    }

    [Fact]
    public async Task A_damaged_file_is_a_clear_error()
    {
        await using (IHistoryStore store = Open())
        {
            await WriteAsync(store, Frame([.. Enumerable.Range(0, 5000).Select(bar => bar * 60L)]));
        }

        SqliteConnection.ClearAllPools();
        byte[] bytes = await File.ReadAllBytesAsync(FilePath);
        Array.Fill<byte>(bytes, 0x5a, 4096, bytes.Length - 4096);
        await File.WriteAllBytesAsync(FilePath, bytes);

        await using IHistoryStore damaged = Open();
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => damaged.GetCoverageAsync(Stream));
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public async Task A_stream_that_is_only_added_to_is_not_revised()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        Assert.Null(Assert.Single(await store.WriteManyAsync([new StreamWrite(Stream, [Page(Frame(120))]) { Revises = true }])));
        Assert.Equal(Set((60, 120)), await store.GetCoverageAsync(Stream));
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%revisions'"));

        Assert.Null(Assert.Single(await store.WriteManyAsync([new StreamWrite(Stream, [Page(Frame(120, 180))]) { Revises = true }])));
        Assert.Equal(Set((60, 180)), await store.GetCoverageAsync(Stream));
        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%revisions'"));
    }

    [Fact]
    public async Task A_writer_waits_for_a_locked_file_and_can_be_cancelled_meanwhile()
    {
        await using IHistoryStore store = Open();
        await WriteAsync(store, Frame(60));
        await using (DbConnection holder = await ConnectAsync())
        {
            await ExecuteAsync(holder, "BEGIN IMMEDIATE");
            using var cancellation = new CancellationTokenSource();
            Task writing = store.WriteAsync(Stream, [Page(Frame(120))], cancellation.Token);
            Assert.Equal(Set((60, 60)), await store.GetCoverageAsync(Stream));
            Assert.False(writing.IsCompleted);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(TimeSpan.FromSeconds(5)));

            writing = store.WriteAsync(Stream, [Page(Frame(180))]);
            await ExecuteAsync(holder, "COMMIT");
            await writing;
        }

        Assert.Equal(Set((60, 60), (180, 180)), await store.GetCoverageAsync(Stream));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(":memory:")]
    [InlineData("a\0b")]
    public void A_path_that_cannot_be_is_refused(string path) => Assert.Throws<ArgumentException>(() => new SqliteHistoryStore(path));

    [Theory]
    [InlineData("")]
    [InlineData("qmtl_empty_ranges")]
    [InlineData("SQLite_x")]
    public void A_table_that_cannot_be_is_refused(string table) => Assert.Throws<ArgumentException>(() => new SqliteHistoryStore(FilePath, table));

    private protected override IHistoryStore Open(string? table = null, TimeProvider? timeProvider = null) => new SqliteHistoryStore(FilePath, table, timeProvider);

    private protected override async Task<DbConnection> ConnectAsync()
    {
        var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
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
