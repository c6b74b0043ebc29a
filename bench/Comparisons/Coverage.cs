using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Npgsql;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.History;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>
/// Coverage of a stored stream, against a bare client that streams its timestamps, and at ten times the size. Both sides are
/// connected before the clock starts: what is compared is the question, not the logging in.
/// </summary>
internal sealed class Coverage : IComparisonSet
{
    private const long Million = 1_000_000;
    private const int Gaps = 100;

    private readonly PrivatePostgreSql _server = new(isDurable: true);
    private readonly TemporaryFolder _folder = new();

    public string Name => "coverage";

    private string SmallFile => _folder.File("1m.db");

    private string LargeFile => _folder.File("10m.db");

    public async Task<string?> PrepareAsync()
    {
        await FillAsync(SmallFile, table: null, Million);
        await FillAsync(LargeFile, table: null, 10 * Million);
        if (PostgreSqlBinaries.MissingReason is null)
        {
            await _server.CreateAsync();
            await FillAsync(_server.ConnectionString, "small", Million);
            await FillAsync(_server.ConnectionString, "large", 10 * Million);
            await using var connection = new NpgsqlConnection(_server.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("VACUUM ANALYZE", connection);
            await command.ExecuteNonQueryAsync();
        }

        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison(
            "coverage of 1 M bars with 100 gaps, SQLite", "`SELECT ts … ORDER BY ts` streamed by a bare client", Goal.TimeAtMost(1.1),
            () => CoverAsync(SmallFile, null), () => StreamAsync(new SqliteConnection($"Data Source={SmallFile}"), "BTCUSDT"));
        yield return new Comparison(
            "coverage of 10 M bars, SQLite", "that of 1 M", Goal.TimeAtMost(11), () => CoverAsync(LargeFile, null), () => CoverAsync(SmallFile, null));
        if (PostgreSqlBinaries.MissingReason is null)
        {
            yield return new Comparison(
                "coverage of 1 M bars with 100 gaps, PostgreSQL", "`SELECT ts … ORDER BY ts` streamed by a bare client", Goal.TimeAtMost(1.1),
                () => CoverAsync(_server.ConnectionString, "small"), () => StreamAsync(new NpgsqlConnection(_server.ConnectionString), "small"));
            yield return new Comparison(
                "coverage of 10 M bars, PostgreSQL", "that of 1 M", Goal.TimeAtMost(11),
                () => CoverAsync(_server.ConnectionString, "large"), () => CoverAsync(_server.ConnectionString, "small"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task FillAsync(string storeName, string? table, long bars)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName, table);
        await StoreFiller.FillAsync(store, bars, index => index % (bars / (Gaps + 1)) != 7);
    }

    private static async Task<TimeSpan> CoverAsync(string storeName, string? table)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(storeName, table);
        await store.GetCoverageAsync(SyntheticBars.Stream, new TimeRange(SyntheticBars.Start, SyntheticBars.Start));
        long started = Stopwatch.GetTimestamp();
        TimeRangeSet covered = await store.GetCoverageAsync(SyntheticBars.Stream);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return covered.Count > Gaps ? elapsed : throw new InvalidOperationException($"Expected more than {Gaps} ranges, found {covered.Count}.");
    }

    private static async Task<TimeSpan> StreamAsync(DbConnection connection, string table)
    {
        await using (connection)
        {
            await connection.OpenAsync();
            long started = Stopwatch.GetTimestamp();
            await using DbCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT ts FROM \"{table}\" WHERE node_id = 'BTCUSDT' AND \"interval\" = 60 ORDER BY ts";
            await using DbDataReader reader = await command.ExecuteReaderAsync();
            long last = 0;
            while (await reader.ReadAsync())
            {
                last = reader.GetInt64(0);
            }

            return last > 0 ? Stopwatch.GetElapsedTime(started) : throw new InvalidOperationException("No bar was read.");
        }
    }
}
