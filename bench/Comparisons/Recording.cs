using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Qmtl.Bench.Data;
using Qmtl.Bench.Harness;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>Recording rows one by one until all of them are delivered, against the bare bulk write of the same rows.</summary>
internal sealed class Recording : IComparisonSet
{
    private const long Rows = 1_000_000;

    private readonly PrivatePostgreSql? _server = PostgreSqlBinaries.MissingReason is null ? new PrivatePostgreSql(isDurable: true) : null;
    private readonly TemporaryFolder _folder = new();
    private readonly List<double> _nanosecondsARow = [];
    private int _file;

    public string Name => "recording";

    public async Task<string?> PrepareAsync()
    {
        if (_server is not null)
        {
            await _server.CreateAsync();
        }

        return null;
    }

    public IEnumerable<Comparison> Comparisons()
    {
        yield return new Comparison("record 1 M rows into SQLite, until delivered", "the bare bulk write", Goal.SpeedAtLeast(0.7), () => WithSqliteAsync(RecordAsync), () => WithSqliteAsync(WriteAsync));
        if (_server is not null)
        {
            yield return new Comparison("record 1 M rows into PostgreSQL, until delivered", "the bare bulk write", Goal.SpeedAtLeast(0.7), () => WithPostgreSqlAsync(RecordAsync), () => WithPostgreSqlAsync(WriteAsync));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_nanosecondsARow.Count > 0)
        {
            _nanosecondsARow.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"One `Record` of a bar of five columns while the rows are delivered: {_nanosecondsARow[_nanosecondsARow.Count / 2]:0} ns (median), {_nanosecondsARow[0]:0} ns (least)."));
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task<TimeSpan> WithSqliteAsync(Func<IHistoryStore, Task<TimeSpan>> work)
    {
        string path = _folder.File($"bars-{_file++}.db");
        await using IHistoryStore store = HistoryStoreFactory.Open(path);
        TimeSpan elapsed = await work(store);
        File.Delete(path);
        return elapsed;
    }

    private async Task<TimeSpan> WithPostgreSqlAsync(Func<IHistoryStore, Task<TimeSpan>> work)
    {
        await using (var connection = new NpgsqlConnection(_server!.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand($"DROP TABLE IF EXISTS \"{SyntheticBars.Stream.NodeId}\"", connection);
            await command.ExecuteNonQueryAsync();
        }

        await using IHistoryStore store = HistoryStoreFactory.Open(_server.ConnectionString);
        return await work(store);
    }

    private static Task<TimeSpan> WriteAsync(IHistoryStore store) => StoreFiller.FillAsync(store, Rows);

    private async Task<TimeSpan> RecordAsync(IHistoryStore store)
    {
        BarFrame[] frames = [.. SyntheticBars.Frames(Rows, 1000)];
        await using var service = new EventRecorderService(new StoreRecorder(store, ownsStore: false), new EventRecorderOptions { SpoolFolder = _folder.File("spool") });
        long started = Stopwatch.GetTimestamp();
        foreach (BarFrame frame in frames)
        {
            for (int row = 0; row < frame.Count; row++)
            {
                service.Record(SyntheticBars.Stream, frame.Timestamps[row], Payload.FromBar(frame.GetRow(row)));
            }
        }

        TimeSpan recorded = Stopwatch.GetElapsedTime(started);
        await service.FlushAsync();
        TimeSpan delivered = Stopwatch.GetElapsedTime(started);
        RecorderReport report = service.GetReport();
        if (report.Delivered != Rows)
        {
            throw new InvalidOperationException($"Of {Rows} rows, {report.Delivered} were delivered: {report}");
        }

        _nanosecondsARow.Add(recorded.TotalNanoseconds / Rows);
        return delivered;
    }
}
