using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Npgsql;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>
/// Filling a QuestDB and asking it for coverage, against the bare ways to do the same. It drops and makes the tables BTCUSDT and
/// BTCUSDT_BARE.
/// </summary>
internal sealed class QuestDbFill : IComparisonSet
{
    private const long Bars = 1_000_000;
    private const string BareTable = "BTCUSDT_BARE";

    private readonly QuestDbConnection _server = new();
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(10) };

    public string Name => "questdb-fill";

    public async Task<string?> PrepareAsync()
    {
        if (_server.MissingReason is { } reason)
        {
            return reason;
        }

        await WriteLinesAsync(_folder.File("bars.ilp"));
        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison("fill 1 M bars into QuestDB", "one bare ILP/HTTP post of the same rows, ready as text", Goal.SpeedAtLeast(0.9), FillAsync, PostAsync);
        yield return new Comparison("the same by the full engine, from pages of 1,000 bars", "the same post", Goal.SpeedAtLeast(0.9), FillByEngineAsync, PostAsync);
        yield return new Comparison("the same by the full engine, from pages of 1,000 bars", "the bare store write", Goal.SpeedAtLeast(0.85), FillByEngineAsync, FillAsync);
        yield return new Comparison("coverage of 1 M bars with 100 gaps, QuestDB", "`SELECT ts … ORDER BY ts` streamed by a bare client", Goal.TimeAtMost(1.1), CoverageAsync, StreamTimestampsAsync);
        yield return new Comparison("read 1 M bars, QuestDB", "`SELECT ts, open, … ORDER BY ts` streamed by a bare client", Goal.None, ReadAsync, StreamBarsAsync);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.MissingReason is null)
        {
            await _server.ExecuteAsync("DROP TABLE IF EXISTS \"BTCUSDT\"");
            await _server.ExecuteAsync($"DROP TABLE IF EXISTS {BareTable}");
        }

        await _server.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    private static async Task WriteLinesAsync(string path)
    {
        await using var writer = new StreamWriter(path);
        foreach (BarFrame frame in SyntheticBars.Frames(Bars, 50_000))
        {
            foreach (BarRow row in frame.Rows)
            {
                await writer.WriteAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{BareTable},node_id={SyntheticBars.Stream.NodeId} interval={SyntheticBars.Minute.Seconds}i,open={row[0]},high={row[1]},low={row[2]},close={row[3]},volume={row[4]} {row.Timestamp}000000000\n"));
            }
        }
    }

    private QuestDbHistoryStore Open() => new(_server.ConnectionString);

    private Task<TimeSpan> FillAsync() => FillAsync(store => StoreFiller.FillAsync(store, Bars));

    private Task<TimeSpan> FillByEngineAsync() => FillAsync(store => StoreFiller.FillByEngineAsync(store, Bars));

    private async Task<TimeSpan> FillAsync(Func<QuestDbHistoryStore, Task<TimeSpan>> fillAsync)
    {
        await _server.ExecuteAsync("DROP TABLE IF EXISTS \"BTCUSDT\"");
        await using QuestDbHistoryStore store = Open();
        TimeSpan elapsed = await fillAsync(store);
        return store.WritePath == QuestDbWritePath.IlpOverHttp ? elapsed : throw new InvalidOperationException(store.WritePathReason);
    }

    // Done is, on both sides, what can be read.
    private async Task<TimeSpan> PostAsync()
    {
        await _server.ExecuteAsync($"DROP TABLE IF EXISTS {BareTable}");
        await _server.ExecuteAsync(
            $"CREATE TABLE {BareTable} (node_id SYMBOL, interval INT, ts TIMESTAMP, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE) TIMESTAMP(ts) PARTITION BY MONTH WAL DEDUP UPSERT KEYS(ts, node_id, interval)");
        long started = Stopwatch.GetTimestamp();
        await using (FileStream file = File.OpenRead(_folder.File("bars.ilp")))
        {
            using var content = new StreamContent(file, 1 << 20) { Headers = { ContentType = new MediaTypeHeaderValue("text/plain") } };
            using HttpResponseMessage response = await _http.PostAsync(new Uri(_server.Http!, "write?precision=n"), content);
            response.EnsureSuccessStatusCode();
        }

        await _server.UntilReadableAsync(BareTable);
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task<TimeSpan> CoverageAsync()
    {
        await using QuestDbHistoryStore store = await WithGapsAsync();
        long started = Stopwatch.GetTimestamp();
        int ranges = (await store.GetCoverageAsync(SyntheticBars.Stream)).Count;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return ranges == 101 ? elapsed : throw new InvalidOperationException($"{ranges} ranges where there are 101.");
    }

    private Task<TimeSpan> StreamTimestampsAsync() => StreamAsync(string.Empty, static reader => reader.GetDateTime(0).Ticks);

    private async Task<TimeSpan> ReadAsync()
    {
        await using QuestDbHistoryStore store = await WithGapsAsync();
        long started = Stopwatch.GetTimestamp();
        long bars = 0;
        await foreach (BarFrame frame in store.ReadAsync(SyntheticBars.Stream, SyntheticBars.RangeOf(Bars)))
        {
            bars += frame.Count;
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return bars > Bars * 0.99 ? elapsed : throw new InvalidOperationException($"Only {bars} bars were read.");
    }

    private Task<TimeSpan> StreamBarsAsync() => StreamAsync(
        ", open, high, low, close, volume",
        static reader => reader.GetDateTime(0).Ticks + (long)(reader.GetDouble(1) + reader.GetDouble(2) + reader.GetDouble(3) + reader.GetDouble(4) + reader.GetDouble(5)));

    private async Task<TimeSpan> StreamAsync(string columns, Func<NpgsqlDataReader, long> read)
    {
        await using (await WithGapsAsync())
        {
        }

        await using NpgsqlConnection connection = await _server.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT ts{columns} FROM \"BTCUSDT\" WHERE node_id = 'BTCUSDT' AND interval = 60 ORDER BY ts", connection);
        long started = Stopwatch.GetTimestamp();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        long sum = 0;
        while (await reader.ReadAsync())
        {
            sum += read(reader);
        }

        return sum == 0 ? throw new InvalidOperationException("Nothing was read.") : Stopwatch.GetElapsedTime(started);
    }

    // The last fill left a million bars; a hundred of them go.
    private async Task<QuestDbHistoryStore> WithGapsAsync()
    {
        QuestDbHistoryStore store = Open();
        if ((await store.GetCoverageAsync(SyntheticBars.Stream)).Count != 101)
        {
            await _server.ExecuteAsync("DROP TABLE IF EXISTS \"BTCUSDT\"");
            await StoreFiller.FillAsync(store, Bars, keep: index => index % (Bars / 101) != 5 || index < 100 || index > Bars - 100);
        }

        return store;
    }
}
