using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Rendering;

/// <summary>Shows ranges of bars that are missing.</summary>
internal static class GapReport
{
    /// <summary>Writes them as a table, or as JSON lines.</summary>
    /// <param name="host">The world outside.</param>
    /// <param name="gaps">The bars of each stream.</param>
    /// <param name="json">Whether as JSON lines.</param>
    /// <param name="what">What they are, for the line below the table.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static async Task WriteAsync(
        CliHost host,
        IReadOnlyList<(StreamKey Stream, TimeRangeSet Bars)> gaps,
        bool json,
        string what,
        CancellationToken cancellationToken)
    {
        var lines = new JsonLines(host.Output);
        ReportTable table = new ReportTable(host).WithTexts("Node", "Interval", "Start", "End").WithNumbers("Bars");
        foreach ((StreamKey stream, TimeRange gap) in gaps.SelectMany(static set => set.Bars, static (set, gap) => (set.Stream, gap)))
        {
            if (json)
            {
                await lines.WriteRangeAsync(stream, gap, cancellationToken);
                continue;
            }

            table.AddRow(
                stream.NodeId,
                stream.Interval.ToString(),
                UnixTime.Format(gap.Start),
                UnixTime.Format(gap.End),
                Amounts.Count(gap.CountBars(stream.Interval)));
        }

        if (json)
        {
            return;
        }

        if (table.RowCount > 0)
        {
            table.Write();
        }

        host.Console.WriteLine(table.RowCount == 0
            ? "Nothing is missing."
            : $"{Amounts.Count(gaps.Sum(static gap => gap.Bars.BarCount), "bar")} {what} in {Amounts.Count(table.RowCount, "gap")}.");
    }
}
