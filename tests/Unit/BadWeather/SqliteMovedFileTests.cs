using System.Collections;
using Microsoft.Data.Sqlite;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

/// <summary>A SQLite file that somebody moves, deletes or replaces while a store has it open. Windows does not let that happen.</summary>
public sealed class SqliteMovedFileTests : IDisposable
{
    private const int BarsInTwoPages = (2 * WeatherRun.BarsPerPage) - 3;

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("history.db");

    private string OtherPath => _folder.File("other.db");

    public void Dispose() => _folder.Dispose();

    [UnixFileTheory]
    [InlineData(0)]
    [InlineData(5000)]
    public async Task A_file_that_takes_the_place_of_the_store_s_during_the_run_gets_the_rest_and_keeps_its_own(int earlierBars)
    {
        await using var store = new SqliteHistoryStore(FilePath);
        var earlier = new WeatherRun(bars: Math.Max(1, earlierBars), nodeId: "EARLIER");
        await earlier.AssertRecoversAsync(store);
        var run = new WeatherRun();
        var resident = new WeatherRun(bars: 100, nodeId: "RESIDENT");
        await using (var other = new SqliteHistoryStore(OtherPath))
        {
            await resident.AssertRecoversAsync(other);
        }

        run.BeforePage(3, () =>
        {
            File.Move(OtherPath, FilePath, overwrite: true);
            return Task.CompletedTask;
        });
        BackfillResult result = await run.RunAsync(store);

        Assert.Null(result.Error);
        Assert.Contains("is gone", Assert.Single(run.Warnings), StringComparison.Ordinal);
        Assert.Equal((2L * WeatherRun.BarsPerPage, "ok"), (CountBars(FilePath), Check(FilePath)));
        await using var afresh = new SqliteHistoryStore(FilePath);
        await resident.AssertCompleteAsync(afresh);
        Assert.True((await afresh.GetCoverageAsync(earlier.Stream)).IsEmpty);
        await run.AssertRecoversAsync(store);
        await run.AssertCompleteAsync(afresh);
    }

    [UnixFileTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_moved_away_during_the_run_is_whole_and_another_is_begun(bool readFirst)
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        run.BeforePage(3, async () =>
        {
            File.Move(FilePath, OtherPath);
            if (readFirst)
            {
                Assert.True((await store.GetCoverageAsync(run.Stream)).IsEmpty);
            }
        });

        Assert.Null((await run.RunAsync(store)).Error);

        Assert.Equal((BarsInTwoPages, "ok"), (CountBars(OtherPath), Check(OtherPath)));
        Assert.Equal((2L * WeatherRun.BarsPerPage, "ok"), (CountBars(FilePath), Check(FilePath)));
        await run.AssertRecoversAsync(store);
    }

    [UnixFileFact]
    public async Task A_file_that_is_deleted_with_all_that_lies_beside_it()
    {
        var run = new WeatherRun();
        await using var store = new SqliteHistoryStore(FilePath);
        run.BeforePage(3, () =>
        {
            foreach (string file in Directory.GetFiles(_folder.FullPath))
            {
                File.Delete(file);
            }

            return Task.CompletedTask;
        });

        Assert.Null((await run.RunAsync(store)).Error);

        Assert.Equal((2L * WeatherRun.BarsPerPage, "ok"), (CountBars(FilePath), Check(FilePath)));
        await run.AssertRecoversAsync(store);
    }

    [UnixFileFact]
    public async Task A_file_that_is_moved_in_the_middle_of_a_write_is_an_error_that_trying_again_repairs()
    {
        await using var store = new SqliteHistoryStore(FilePath);
        StreamKey stream = new("BTCUSDT", BarInterval.FromSeconds(60));
        var none = TimeRangeSet.Empty(stream.Interval);
        var page = new BarPage("exchange", new BarFrame(stream.Interval, new[] { 60L }, [new BarColumn<double>("close", new[] { 1.5 })]), none, none);
        var pages = new PagesThatAreRead([page], () =>
        {
            // The file is made by the write itself, so where it is, the transaction has begun.
            if (File.Exists(FilePath) && !File.Exists(OtherPath))
            {
                File.Move(FilePath, OtherPath);
            }
        });

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => store.WriteAsync(stream, pages));
        Assert.True(error.IsTransient);
        Assert.Contains("moved, deleted or replaced while it was written to", error.Message, StringComparison.Ordinal);

        await store.WriteAsync(stream, pages);
        Assert.Equal(1, (await store.GetCoverageAsync(stream)).BarCount);
        Assert.Equal((1L, "ok"), (CountBars(FilePath), Check(FilePath)));
    }

    [UnixFileFact]
    public async Task A_file_that_is_replaced_while_it_is_read_is_not_opened_before_the_reader_has_ended()
    {
        await using var store = new SqliteHistoryStore(FilePath);
        var run = new WeatherRun(bars: 10_000);
        await run.AssertRecoversAsync(store);
        await using (var other = new SqliteHistoryStore(OtherPath))
        {
            await new WeatherRun(bars: 100, nodeId: "RESIDENT").AssertRecoversAsync(other);
        }

        // Two connections: the one that is reading, and one that waits for work.
        IAsyncEnumerator<BarFrame> first = store.ReadAsync(run.Stream, run.Range).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync());
        Assert.False((await store.GetCoverageAsync(run.Stream)).IsEmpty);
        File.Move(OtherPath, FilePath, overwrite: true);

        Assert.True((await Assert.ThrowsAsync<StoreException>(() => store.GetCoverageAsync(run.Stream))).IsTransient);
        long read = first.Current.Count;
        while (await first.MoveNextAsync())
        {
            read += first.Current.Count;
        }

        await first.DisposeAsync();
        Assert.Equal(10_000 - 3, read);
        Assert.True((await store.GetCoverageAsync(run.Stream)).IsEmpty);
        Assert.Equal("RESIDENT", Assert.Single(await store.GetStreamsAsync()).NodeId);
    }

    private static long CountBars(string path) => (long)Ask(path, "SELECT count(*) FROM \"BTCUSDT\"");

    private static string Check(string path) => (string)Ask(path, "PRAGMA integrity_check");

    private static object Ask(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False;Mode=ReadWrite");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()!;
    }

    // Lets something happen whenever the store looks at its pages, which it does before its transaction and inside.
    private sealed class PagesThatAreRead(IReadOnlyList<BarPage> pages, Action onRead) : IReadOnlyList<BarPage>
    {
        public int Count => pages.Count;

        public BarPage this[int index] => pages[index];

        public IEnumerator<BarPage> GetEnumerator()
        {
            onRead();
            return pages.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
