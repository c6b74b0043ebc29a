using Npgsql;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.History;

/// <summary>
/// Stores as the version of commit 3ad251e wrote them, in an hour of minutes of which the file lacks ten, and ten hours of another node:
/// what they hold is read, and what the file has more of is added, in the tables that are there.
/// </summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class OldStoreTests(PostgreSqlServer server) : IDisposable
{
    private const long Midnight = 1704067200;

    private static readonly string Data = Path.Combine(Repository.Root, "tests", "Unit", "History", "Data", "store-of-3ad251e");

    private static readonly StreamKey Minutes = new("BTCUSDT", BarInterval.FromSeconds(60));
    private static readonly StreamKey Hours = new("ETH/USD", BarInterval.FromSeconds(3600));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_SQLite_file_of_an_earlier_version_is_read_and_completed()
    {
        string path = _folder.File("bars.db");
        File.Copy(Data + ".sqlite", path);
        await using var store = new SqliteHistoryStore(path);
        await AssertReadsAndCompletesAsync(store);
    }

    [PostgreSqlFact]
    public async Task PostgreSQL_tables_of_an_earlier_version_are_read_and_completed()
    {
        string database = await server.CreateDatabaseAsync();
        await using (NpgsqlDataSource source = NpgsqlDataSource.Create(server.ConnectionStringOf(database)))
        {
            await using NpgsqlCommand command = source.CreateCommand(await File.ReadAllTextAsync(Data + ".sql"));
            await command.ExecuteNonQueryAsync();
        }

        await using var store = new PostgreSqlHistoryStore(server.ConnectionStringOf(database));
        await AssertReadsAndCompletesAsync(store);
    }

    private static async Task AssertReadsAndCompletesAsync(IHistoryStore store)
    {
        Assert.Equal([Minutes, Hours], await store.GetStreamsAsync());
        Assert.Equal(Bars(Minutes, (0, 39), (50, 59)), await store.GetCoverageAsync(Minutes));
        Assert.Equal(Bars(Minutes, (40, 49)), await store.GetKnownEmptyAsync(Minutes, source: null));
        Assert.Equal(Bars(Hours, (0, 9)), await store.GetCoverageAsync(Hours));

        var engine = new BackfillEngine();
        await foreach (BackfillResult result in engine.RunAsync([Everything(Minutes, 119), Everything(Hours, 29)]))
        {
            Assert.Equal((null, BackfillStatus.Completed, 0), (result.Error, result.Status, result.BarsMissing));
            Assert.Equal(result.Stream == Minutes ? 60 : 20, result.BarsWritten);
        }

        Assert.Equal(Bars(Minutes, (0, 39), (50, 119)), await store.GetCoverageAsync(Minutes));
        Assert.Equal(Bars(Hours, (0, 29)), await store.GetCoverageAsync(Hours));
        List<BarFrame> frames = await store.ReadAsync(Minutes, new TimeRange(Midnight, Midnight + (119 * 60))).ToListAsync();
        Assert.Equal(
            Enumerable.Range(0, 120).Where(bar => bar is < 40 or >= 50).Select(bar => (100.5 + bar, (double)bar, (object?)$"v{bar % 3}")),
            frames.SelectMany(Rows));

        BackfillRequest Everything(StreamKey stream, int last) =>
            new(store, new FileFetcher(Data + ".csv", "csv:a.csv"), stream, [new TimeRange(Midnight, stream.Interval.Add(Midnight, last))]);
    }

    private static IEnumerable<(double Open, double Trades, object? Venue)> Rows(BarFrame frame) =>
        from row in Enumerable.Range(0, frame.Count)
        select ((double)Value(frame, "open", row)!, (double)Value(frame, "trades", row)!, Value(frame, "venue", row));

    private static object? Value(BarFrame frame, string column, int row) => frame.FindColumn(column)!.GetValue(row);

    private static TimeRangeSet Bars(StreamKey stream, params (int First, int Last)[] runs) => new(
        stream.Interval,
        [.. runs.Select(run => new TimeRange(stream.Interval.Add(Midnight, run.First), stream.Interval.Add(Midnight, run.Last)))]);
}
