using Qmtl.Backfill;
using Qmtl.Cli.Hosting;
using Spectre.Console;

namespace Qmtl.Cli.Rendering;

/// <summary>Shows what became of each range.</summary>
internal static class BackfillReport
{
    /// <summary>Writes a table of <paramref name="results"/>.</summary>
    public static void Write(CliHost host, IReadOnlyList<BackfillResult> results)
    {
        // Only where stored bars were asked for again is there anything to replace.
        bool replaces = results.Any(result => result.BarsReplaced > 0);
        string[] replaced = replaces ? ["Replaced"] : [];
        ReportTable table = new ReportTable(host).WithTexts("Node", "Interval", "Status").WithNumbers(
            ["Written", .. replaced, "Empty", "Rejected", "Missing", "Requests", "Retries", "Time"]);
        foreach (BackfillResult result in results)
        {
            ReportTable.Cell[] more = replaces ? [Amounts.Count(result.BarsReplaced)] : [];
            table.AddRow(
            [
                result.Stream.NodeId,
                result.Stream.Interval.ToString(),
                new ReportTable.Cell(result.Status.ToString(), new Style(ColorOf(result.Status))),
                Amounts.Count(result.BarsWritten),
                .. more,
                Amounts.Count(result.BarsEmpty),
                Amounts.Count(result.BarsRejected),
                Amounts.Count(result.BarsMissing),
                Amounts.Count(result.Requests),
                Amounts.Count(result.Retries),
                Amounts.Duration(result.Duration),
            ]);
        }

        table.Write();
    }

    private static Color ColorOf(BackfillStatus status) => status switch
    {
        BackfillStatus.Completed or BackfillStatus.Empty => Color.Green,
        BackfillStatus.Partial or BackfillStatus.Cancelled => Color.Yellow,
        _ => Color.Red,
    };
}
