using System.Diagnostics;
using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Bench.Data;
using Qmtl.History;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Bench.Comparisons;

/// <summary>The most memory that a process needs to fill ten million bars. It measures the process it runs in, so it is run in one of its own.</summary>
internal static class PeakMemory
{
    private const long Bars = 10_000_000;

    /// <summary>Fills a SQLite file and prints the row of the table.</summary>
    public static async Task RunAsync()
    {
        using var folder = new TemporaryFolder();
        await using IHistoryStore store = HistoryStoreFactory.Open(folder.File("bars.db"));
        var request = new BackfillRequest(store, SyntheticBars.Fetcher(1000), SyntheticBars.Stream, [SyntheticBars.RangeOf(Bars)]);
        BackfillResult result = await new BackfillEngine().RunAsync([request]).SingleAsync();
        using var process = Process.GetCurrentProcess();
        double peak = process.PeakWorkingSet64 / 1e6;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| peak memory of a fill of {result.BarsWritten / 1e6:0} M bars | | {result.Duration.TotalSeconds:0.0} | | {peak:0} MB | at most 200 MB | {(peak <= 200 ? "yes" : "no")} |"));
    }
}
