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
        Table table = Tables.Create(host, "Node", "Interval", "Status").WithNumbers("Written", "Empty", "Rejected", "Missing", "Requests", "Retries", "Time");
        foreach (BackfillResult result in results)
        {
            table.AddRow(
                new Text(result.Stream.NodeId),
                new Text(result.Stream.Interval.ToString()),
                new Text(result.Status.ToString(), new Style(ColorOf(result.Status))),
                new Text(Tables.Count(result.BarsWritten)),
                new Text(Tables.Count(result.BarsEmpty)),
                new Text(Tables.Count(result.BarsRejected)),
                new Text(Tables.Count(result.BarsMissing)),
                new Text(Tables.Count(result.Requests)),
                new Text(Tables.Count(result.Retries)),
                new Text(Tables.Duration(result.Duration)));
        }

        host.Console.Write(table);
    }

    private static Color ColorOf(BackfillStatus status) => status switch
    {
        BackfillStatus.Completed or BackfillStatus.Empty => Color.Green,
        BackfillStatus.Partial or BackfillStatus.Cancelled => Color.Yellow,
        _ => Color.Red,
    };
}
