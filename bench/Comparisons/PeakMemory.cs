using System.Diagnostics;
using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Bench.Data;
using Qmtl.History;
using Qmtl.History.QuestDb;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>
/// The most memory that a process needs to fill ten million bars. It measures the process it runs in, so it is run in one of its own.
/// </summary>
internal static class PeakMemory
{
    private const long Bars = 10_000_000;
    private const string DropTable = "DROP TABLE IF EXISTS \"BTCUSDT\"";

    /// <summary>Fills a SQLite file and prints the row of the table.</summary>
    public static async Task IntoSqliteAsync()
    {
        using var folder = new TemporaryFolder();
        await using IHistoryStore store = HistoryStoreFactory.Open(folder.File("bars.db"));
        await FillAsync(store, "SQLite");
    }

    /// <summary>Fills a QuestDB, whose commits are the largest, and prints the row of the table.</summary>
    public static async Task IntoQuestDbAsync()
    {
        await using var server = new QuestDbConnection();
        if (server.MissingReason is { } reason)
        {
            Console.WriteLine($"| {Row("QuestDB")} | | | | | | skipped: {reason} |");
            return;
        }

        await server.ExecuteAsync(DropTable);
        await using (var store = new QuestDbHistoryStore(server.ConnectionString))
        {
            await FillAsync(store, "QuestDB");
        }

        await server.ExecuteAsync(DropTable);
    }

    /// <summary>Completes a bar of 5,000 streams again and again, as who keeps them does, and prints what the process takes then.</summary>
    public static async Task OfNewestBarsAsync()
    {
        const int Rounds = 30;
        using var folder = new TemporaryFolder();
        await using IHistoryStore store = HistoryStoreFactory.Open(folder.File("bars.db"));
        var newest = new NewestBars();
        double most = 0;
        for (int bar = 0; bar < Rounds; bar++)
        {
            await ManyStreams.CompleteAsync(newest, store, bar, compared: 3);
            using var process = Process.GetCurrentProcess();
            most = Math.Max(most, bar < Rounds / 2 ? 0 : process.WorkingSet64 / 1e6);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| steady memory while {ManyStreams.Count:N0} streams get bar after bar, SQLite | | | | {most:0} MB | at most 250 MB | {(most <= 250 ? "yes" : "no")} |"));
    }

    private static string Row(string store) => $"peak memory of a fill of 10 M bars, {store}";

    private static async Task FillAsync(IHistoryStore store, string name)
    {
        var request = new BackfillRequest(store, SyntheticBars.Fetcher(1000), SyntheticBars.Stream, [SyntheticBars.RangeOf(Bars)]);
        BackfillResult result = await new BackfillEngine().RunAsync([request]).SingleAsync();
        if (result.BarsWritten != Bars)
        {
            throw new InvalidOperationException($"Wrote {result.BarsWritten} bars: {result.Error}");
        }

        using var process = Process.GetCurrentProcess();
        double peak = process.PeakWorkingSet64 / 1e6;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {Row(name)} | | {result.Duration.TotalSeconds:0.0} | | {peak:0} MB | at most 200 MB | {(peak <= 200 ? "yes" : "no")} |"));
    }
}
