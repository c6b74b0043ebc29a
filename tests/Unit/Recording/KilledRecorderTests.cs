using Qmtl.Data;
using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

/// <summary>Kills processes that record with SIGKILL and checks that the next one delivers every row that was accepted.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class KilledRecorderTests(PostgreSqlServer server) : IDisposable
{
    private const int Rows = 10_000;
    private const int Kills = 10;

    private static readonly StreamKey Stream = new("RECORDED", BarInterval.FromSeconds(60));

    private readonly TemporaryFolder _folder = new();

    private string Spool => _folder.File("spool");

    [Fact]
    public Task Ten_thousand_queued_rows_survive_a_kill_and_reach_sqlite() => SurviveWithQueueAsync(_folder.File("bars.db"));

    [PostgreSqlFact]
    public async Task Ten_thousand_queued_rows_survive_a_kill_and_reach_postgresql() => await SurviveWithQueueAsync(server.UriOf(await server.CreateDatabaseAsync()));

    [Fact]
    public Task No_row_is_lost_however_often_and_wherever_a_process_that_delivers_to_sqlite_is_killed() => SurviveKillsAsync(_folder.File("bars.db"), seed: 1);

    [PostgreSqlFact]
    public async Task No_row_is_lost_however_often_and_wherever_a_process_that_delivers_to_postgresql_is_killed() =>
        await SurviveKillsAsync(server.UriOf(await server.CreateDatabaseAsync()), seed: 2);

    [Fact]
    public async Task Rows_of_a_process_that_lives_are_its_own()
    {
        const string Destination = "shared destination";
        using RecorderProcess other = RecorderProcess.Start("away", Destination, Spool, 0, 1000);
        await other.UntilAcceptedAsync(1000);

        var recorder = new ScriptedRecorder { DisplayName = Destination };
        await using (EventRecorderService beside = new(recorder, new EventRecorderOptions { SpoolFolder = Spool }))
        {
            beside.Record(Stream, 5000 * 60, 1.0);
            await beside.FlushAsync();
            Assert.Equal((0, 1), (beside.GetReport().Adopted, beside.GetReport().Delivered));
            Assert.Equal(1, recorder.Bars);
        }

        await other.KillAsync();
        await using EventRecorderService after = new(recorder, new EventRecorderOptions { SpoolFolder = Spool });
        await after.FlushAsync();
        Assert.Equal(1000, after.GetReport().Adopted);
        Assert.Equal(1001, recorder.Bars);
    }

    public void Dispose() => _folder.Dispose();

    private async Task SurviveWithQueueAsync(string store)
    {
        await using var recorder = new StoreRecorder(HistoryStoreFactory.Open(store));
        using (RecorderProcess process = RecorderProcess.Start("away", recorder.Identity, Spool, 0, Rows))
        {
            await process.UntilAcceptedAsync(Rows);
            await process.KillAsync();
        }

        await using var service = new EventRecorderService(recorder, new EventRecorderOptions { SpoolFolder = Spool });
        await service.FlushAsync();
        RecorderReport report = service.GetReport();
        Assert.Equal((Rows, Rows, 0, 0), (report.Adopted, report.Delivered, report.Queued, report.Dropped));
        await AssertStoredAsync(recorder.Store, Rows);
        Assert.Empty(Directory.GetFiles(report.SpoolFolder, "*.spool"));
    }

    private async Task SurviveKillsAsync(string store, int seed)
    {
        var random = new Random(seed);
        long accepted = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using RecorderProcess process = RecorderProcess.Start("store", store, Spool, accepted, 1_000_000_000);
            await process.UntilAcceptedAsync(accepted + random.Next(100, 5000));

            // Somewhere between a row and its delivery, never at the same place.
            await Task.Delay(random.Next(0, 30));
            await process.KillAsync();
            accepted = process.Accepted;
        }

        await using var recorder = new StoreRecorder(HistoryStoreFactory.Open(store));
        await using var service = new EventRecorderService(recorder, new EventRecorderOptions { SpoolFolder = Spool });
        await service.FlushAsync();
        await AssertStoredAsync(recorder.Store, accepted);
        Assert.Equal(0, service.GetReport().Refused);
    }

    // Every row once, with its value. A row that was accepted after the last one that the process could tell of may be there, too.
    private static async Task AssertStoredAsync(IHistoryStore store, long rows)
    {
        long next = 0;
        await foreach (BarFrame frame in store.ReadAsync(Stream, new TimeRange(0, 60L * int.MaxValue)))
        {
            foreach (BarRow row in frame.Rows)
            {
                Assert.Equal((next * 60, next + 0.5), (row.Timestamp, (double)row["value"]!));
                next++;
            }
        }

        Assert.True(next >= rows, $"Of {rows} rows that were accepted, {next} are stored.");
    }
}
