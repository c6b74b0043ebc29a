using System.Globalization;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Rendering;

/// <summary>Shows the first bars as a table, and says so where there are more.</summary>
internal sealed class TableBars(CliHost host) : IBarWriter
{
    private const int Shown = 50;

    private readonly List<BarFrame> _frames = [];
    private int _bars;

    /// <summary>One more than is shown, to know whether there are more.</summary>
    public long Limit => Shown + 1;

    /// <inheritdoc/>
    public Task WriteAsync(BarFrame frame, CancellationToken cancellationToken)
    {
        _frames.Add(frame);
        _bars += frame.Count;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_bars == 0)
        {
            return Task.CompletedTask;
        }

        string[] names = [.. _frames[0].Columns.Select(column => column.Name)];
        ReportTable table = new ReportTable(host) { LeavesOutColumns = true }.WithTexts("Time (UTC)").WithNumbers(names);
        foreach (BarRow row in _frames.SelectMany(frame => frame.Rows).Take(Shown))
        {
            table.AddRow([UnixTime.Format(row.Timestamp), .. names.Select(name => new ReportTable.Cell(Display(row[name])))]);
        }

        IReadOnlyList<string> leftOut = table.Write();
        if (leftOut.Count > 0)
        {
            host.Console.WriteLine($"There is no room for {string.Join(", ", leftOut)}. --csv or --json prints all columns.");
        }

        if (_bars > Shown)
        {
            host.Console.WriteLine($"Only the first {Shown} bars are shown. --csv or --json prints all of them.");
        }

        return Task.CompletedTask;
    }

    private static string Display(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
