using Microsoft.Data.Sqlite;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

public sealed class SqliteWeatherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("history.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_folder_in_place_of_the_file()
    {
        var run = new WeatherRun();
        Directory.CreateDirectory(FilePath);
        await using var store = new SqliteHistoryStore(FilePath);

        run.AssertFailed(await run.RunAsync(store), store, "the path is a folder", "Name a file in it");
        Assert.Empty(run.Source.Asked);

        Directory.Delete(FilePath);
        await run.AssertRecoversAsync(store);
    }

    [Fact]
    public async Task A_file_that_is_no_database()
    {
        var run = new WeatherRun();
        string text = string.Concat(Enumerable.Repeat("ts,open,close\n", 1000));
        await File.WriteAllTextAsync(FilePath, text);
        await using var store = new SqliteHistoryStore(FilePath);

        run.AssertFailed(await run.RunAsync(store), store, "is not a SQLite database", "use another file");
        Assert.Empty(run.Source.Asked);
        Assert.Equal(text, await File.ReadAllTextAsync(FilePath));

        File.Delete(FilePath);
        await run.AssertRecoversAsync(store);
    }

    [Theory]
    [InlineData(0x5a)]
    [InlineData(0x00)]
    public async Task A_file_that_is_damaged_in_the_middle(byte garbage)
    {
        var half = new WeatherRun(bars: 8000);
        await using (var filling = new SqliteHistoryStore(FilePath))
        {
            await half.AssertRecoversAsync(filling);
        }

        string copy = _folder.File("copy.db");
        File.Copy(FilePath, copy);
        byte[] bytes = await File.ReadAllBytesAsync(FilePath);
        int middle = bytes.Length / 2 / 4096 * 4096;
        Array.Fill(bytes, garbage, middle, 2 * 4096);
        await File.WriteAllBytesAsync(FilePath, bytes);

        var run = new WeatherRun(bars: 12_000);
        await using var store = new SqliteHistoryStore(FilePath);
        run.AssertFailed(await run.RunAsync(store), store, "is damaged", "Restore it from a copy");
        Assert.Empty(run.Source.Asked);

        // The same store goes on with the file that took the place of the damaged one.
        File.Move(copy, FilePath, overwrite: true);
        await run.AssertRecoversAsync(store);
    }

    [Theory]
    [InlineData("wal", "IMMEDIATE")]
    [InlineData("delete", "IMMEDIATE")]
    [InlineData("delete", "EXCLUSIVE")]
    public async Task A_file_that_another_process_keeps_locked(string journal, string mode)
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath) { LockWait = TimeSpan.FromMilliseconds(20) };
        using SqliteConnection holder = Connect();
        Execute(holder, $"PRAGMA journal_mode={journal}; CREATE TABLE other (x); BEGIN {mode}; INSERT INTO other VALUES (1)");

        run.AssertFailed(await run.RunAsync(store), store, "is locked by another process", "end that process", isTransient: true);
        Assert.Equal(3, run.Retries);

        Execute(holder, "COMMIT");
        await run.AssertRecoversAsync(store);
    }

    [Theory]
    [InlineData("wal", "IMMEDIATE")]
    [InlineData("delete", "EXCLUSIVE")]
    public async Task A_lock_that_ends_before_the_retries_do(string journal, string mode)
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath) { LockWait = TimeSpan.FromMilliseconds(20) };
        using SqliteConnection holder = Connect();
        Execute(holder, $"PRAGMA journal_mode={journal}; CREATE TABLE other (x); BEGIN {mode}; INSERT INTO other VALUES (1)");

        Task<BackfillResult> running = run.Start(store);
        await run.Retrying;
        Execute(holder, "COMMIT");

        BackfillResult result = await run.EndAsync(running);
        Assert.Null(result.Error);
        await run.AssertCompleteAsync(store);
    }

    [Fact]
    public async Task A_reader_that_waits_for_a_lock_can_be_cancelled()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath) { LockWait = TimeSpan.FromHours(1) };
        using SqliteConnection holder = Connect();
        Execute(holder, "CREATE TABLE other (x); BEGIN EXCLUSIVE");

        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(150));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.GetCoverageAsync(run.Stream, null, cancellation.Token).WaitAsync(TimeSpan.FromMinutes(1)));
    }

    [SmallDiskFact]
    public async Task A_file_on_a_read_only_disk()
    {
        var run = new WeatherRun();
        using var disk = new SmallDisk(16 * 1024);
        string path = disk.File("history.db");
        await using (var filling = new SqliteHistoryStore(path))
        {
            await new WeatherRun(bars: 1000).AssertRecoversAsync(filling);
        }

        disk.MakeReadOnly();
        await using var store = new SqliteHistoryStore(path);
        run.AssertFailed(await run.RunAsync(store), store, "read-only", "Make both writable");

        disk.MakeWritable();
        await run.AssertRecoversAsync(store);
    }

    [SmallDiskFact]
    public async Task A_file_on_a_read_only_disk_is_read_where_no_log_is_left_beside_it()
    {
        using var disk = new SmallDisk(16 * 1024);
        string path = disk.File("a 100% #?.db");
        var run = new WeatherRun(bars: 10_000);
        await using (var filling = new SqliteHistoryStore(path))
        {
            await run.AssertRecoversAsync(filling);
        }

        disk.MakeReadOnly();
        await using (var store = new SqliteHistoryStore(path))
        {
            await AssertReadableAsync(run, store);
            disk.MakeWritable();
            await run.AssertRecoversAsync(store);

            // What is written goes into the log first, and stays there for as long as somebody has the file open.
            await new WeatherRun(nodeId: "ETHUSDT").AssertRecoversAsync(store);
            Assert.NotEqual(0, new FileInfo(path + "-wal").Length);
            File.Copy(path, disk.File("copy.db"));
            File.Copy(path + "-wal", disk.File("copy.db-wal"));
        }

        disk.MakeReadOnly();
        await using var copy = new SqliteHistoryStore(disk.File("copy.db"));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => copy.GetCoverageAsync(run.Stream));
        Assert.Contains("copy.db-wal holds changes that have to be brought into the file first", error.Message, StringComparison.Ordinal);
        Assert.Contains("Read it once as a user who may write", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [SmallDiskTheory]
    [InlineData("555", "444")]
    [InlineData("777", "444")]
    [InlineData("555", "666")]
    public async Task A_user_who_may_only_read_reads(string folderMode, string fileMode)
    {
        using var disk = new SmallDisk(16 * 1024);
        string path = disk.File("history.db");
        var run = new WeatherRun(bars: 100);
        await using (var filling = new SqliteHistoryStore(path))
        {
            await run.AssertRecoversAsync(filling);
        }

        SmallDisk.Run("chmod", folderMode, disk.FullPath);
        SmallDisk.Run("chmod", fileMode, path);
        foreach (string[] command in new string[][] { ["coverage", "--json"], ["history", "--node", "BTCUSDT", "--interval", "1m"] })
        {
            (int exitCode, string output, string error) = await EndToEnd.QmtlProcess.RunAsNobodyAsync([command[0], "--store", path, .. command[1..]]);
            Assert.True(exitCode == 0, error + output);
            Assert.Contains(command[0] == "history" ? "5940" : "BTCUSDT", output, StringComparison.Ordinal);
        }

        await using var anew = new SqliteHistoryStore(path);
        Assert.Equal(98, (await anew.GetCoverageAsync(run.Stream)).BarCount);
    }

    private static async Task AssertReadableAsync(WeatherRun run, SqliteHistoryStore store)
    {
        Assert.Equal(9_997, (await store.GetCoverageAsync(run.Stream)).BarCount);
        Assert.Equal([run.Stream], await store.GetStreamsAsync());
        Assert.Equal(3, (await store.GetKnownEmptyAsync(run.Stream, null)).BarCount);
        await run.AssertCompleteAsync(store);
    }

    [SmallDiskFact]
    public async Task A_read_only_disk_that_is_full_as_well()
    {
        var run = new WeatherRun();
        using var disk = new SmallDisk(1024);
        string path = disk.File("history.db");
        await using (var filling = new SqliteHistoryStore(path))
        {
            await new WeatherRun(bars: 1000).AssertRecoversAsync(filling);
        }

        Assert.Throws<IOException>(() => File.WriteAllBytes(disk.File("rest"), new byte[1024 * 1024]));
        disk.MakeReadOnly();
        await using var store = new SqliteHistoryStore(path);
        run.AssertFailed(await run.RunAsync(store), store, "it is read-only, or its folder or its disk is, and the disk is full", "Make them writable and free some space");
    }

    [SmallDiskFact]
    public async Task A_read_only_disk_without_a_file()
    {
        var run = new WeatherRun();
        using var disk = new SmallDisk(16 * 1024);
        disk.MakeReadOnly();
        await using var store = new SqliteHistoryStore(disk.File("history.db"));
        run.AssertFailed(await run.RunAsync(store), store, "cannot be opened", "may write to the file and its folder");

        disk.MakeWritable();
        await run.AssertRecoversAsync(store);
    }

    [SmallDiskTheory]
    [InlineData(8)]
    [InlineData(60)]
    [InlineData(300)]
    [InlineData(450)]
    public async Task A_disk_that_is_full(int kilobytes)
    {
        var run = new WeatherRun(bars: 20_000);
        using var disk = new SmallDisk(kilobytes);
        await using var store = new SqliteHistoryStore(disk.File("history.db"));
        run.AssertFailed(await run.RunAsync(store), store, "the disk is full", "Free some space");

        disk.Grow(64 * 1024);
        await run.AssertRecoversAsync(store);
    }

    [Fact]
    public async Task A_table_that_is_dropped_during_the_run()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        run.BeforePage(3, () =>
        {
            using SqliteConnection other = Connect();
            Execute(other, "DROP TABLE \"BTCUSDT\"; DROP TABLE qmtl_empty_ranges");
            return Task.CompletedTask;
        });

        BackfillResult result = await run.RunAsync(store);

        Assert.Null(result.Error);
        Assert.Contains("'BTCUSDT'", Assert.Single(run.Warnings), StringComparison.Ordinal);
        await run.AssertRecoversAsync(store);
        Assert.Single(run.Warnings);
    }

    [Fact]
    public async Task A_column_that_is_dropped_during_the_run_is_made_again_with_a_warning()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        run.BeforePage(3, () =>
        {
            using SqliteConnection other = Connect();
            Execute(other, "ALTER TABLE \"BTCUSDT\" DROP COLUMN close");
            return Task.CompletedTask;
        });

        Assert.Null((await run.RunAsync(store)).Error);
        Assert.Contains("no longer had its column 'close'", Assert.Single(run.Warnings), StringComparison.Ordinal);

        // The way out that the warning names.
        using SqliteConnection repairing = Connect();
        Execute(repairing, "DELETE FROM \"BTCUSDT\" WHERE close IS NULL");
        await run.AssertRecoversAsync(store);
    }

    [Fact]
    public async Task A_column_that_is_new_or_was_empty_so_far_is_no_warning()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        var none = TimeRangeSet.Empty(run.Stream.Interval);
        foreach ((long open, bool isEmpty) in (List<(long, bool)>)[(0, true), (60, false)])
        {
            BarColumn[] columns = [new BarColumn<double>("close", new[] { 1.0 }), new BarColumn<double>("spread", new[] { 2.0 }, new[] { isEmpty })];
            await store.WriteAsync(run.Stream, [new BarPage("exchange", new BarFrame(run.Stream.Interval, new[] { open }, columns), none, none)]);
        }

        Assert.Empty(store.TakeWarnings(run.Stream));
    }

    [Fact]
    public async Task A_table_that_is_altered_during_the_run()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        run.BeforePage(3, () =>
        {
            using SqliteConnection other = Connect();
            Execute(other, "ALTER TABLE \"BTCUSDT\" RENAME COLUMN ts TO stamp");
            return Task.CompletedTask;
        });

        BackfillResult result = await run.RunAsync(store);
        Assert.Contains("has no column 'ts'", result.Error!.Message, StringComparison.Ordinal);
        Assert.Contains(store.Info.DisplayName, result.Error.Message, StringComparison.Ordinal);

        using SqliteConnection undo = Connect();
        Execute(undo, "ALTER TABLE \"BTCUSDT\" RENAME COLUMN stamp TO ts");
        await run.AssertRecoversAsync(store);
    }

    [Fact]
    public async Task A_rule_that_is_added_to_the_table_during_the_run()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        run.BeforePage(3, () =>
        {
            using SqliteConnection other = Connect();
            Execute(other, "CREATE TRIGGER refuse BEFORE INSERT ON \"BTCUSDT\" WHEN new.ts % 7 = 0 BEGIN SELECT RAISE(ABORT, 'no sevens'); END");
            return Task.CompletedTask;
        });

        run.AssertFailed(await run.RunAsync(store), store, "refused a bar", "Remove the rule");

        using SqliteConnection undo = Connect();
        Execute(undo, "DROP TRIGGER refuse");
        await run.AssertRecoversAsync(store);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        return connection;
    }
}
