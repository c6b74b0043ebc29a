using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;
using Spectre.Console;

namespace Qmtl.Cli.Rendering;

/// <summary>Shows streams with their bounds, their counts and a strip of their time.</summary>
internal sealed class CoverageReport(CliHost host)
{
    // Narrow enough for the table to fit 120 columns, wide enough to see an hour's hole in a week.
    private const int StripWidth = 72;

    private readonly List<(StreamKey Stream, TimeRange? Within, TimeRangeSet Stored, TimeRangeSet Empty, string? Table)> _rows = [];

    /// <summary>Adds a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="stored">The bars that are there.</param>
    /// <param name="empty">The bars that a source is known not to have.</param>
    /// <param name="within">The time to show; null for all from the first stored bar to the last.</param>
    /// <param name="table">The table that the bars are in; shown where it is not named by the node id.</param>
    public void Add(StreamKey stream, TimeRangeSet stored, TimeRangeSet empty, TimeRange? within = null, string? table = null) =>
        _rows.Add((stream, within ?? stored.Bounds, stored, empty.Subtract(stored), table == stream.NodeId ? null : table));

    /// <summary>Writes what was added, or <paramref name="nothing"/> where that is nothing.</summary>
    public void Write(string nothing)
    {
        if (_rows.Count == 0)
        {
            host.Console.WriteLine(PlainText.OneLine(nothing));
            return;
        }

        ReportTable table = new ReportTable(host).WithTexts("Node", "Interval", "First", "Last").WithNumbers("Bars", "Missing", "Empty");
        foreach ((StreamKey stream, TimeRange? within, TimeRangeSet stored, TimeRangeSet empty, _) in _rows)
        {
            long known = within is { } range ? empty.Intersect(range).BarCount : 0;
            long there = within is { } shown ? stored.Intersect(shown).BarCount : 0;
            table.AddRow(
                stream.NodeId,
                stream.Interval.ToString(),
                within is { } first ? UnixTime.Format(first.Start) : "",
                within is { } last ? UnixTime.Format(last.End) : "",
                Amounts.Count(there),
                Amounts.Count((within?.CountBars(stream.Interval) ?? 0) - there - known),
                Amounts.Count(known));
        }

        table.Write();
        WriteStrips();
        WriteTables();
    }

    private void WriteStrips()
    {
        // A long node id must not push the strip off the line.
        int label = Math.Min(24, _rows.Max(row => PlainText.OneLine(row.Stream.ToString()).Length));
        int width = Math.Clamp(host.Console.Profile.Width - label - 3, 10, StripWidth);
        foreach ((StreamKey stream, TimeRange? within, TimeRangeSet stored, TimeRangeSet empty, _) in _rows)
        {
            string name = PlainText.OneLine(stream.ToString());
            string shown = name.Length <= label ? name.PadRight(label) : string.Concat(name.AsSpan(0, label - 3), "...");
            string strip = within is { } range
                ? string.Concat(CoverageStrip.Draw(range, stored, empty, width).Select(
                    cell => Markup(cell, CoverageStrip.SignOf(cell, host.IsUnicode))))
                : "";
            host.Console.MarkupLine($" {shown.EscapeMarkup()} {strip}");
        }

        host.Console.Write(ReportTable.Flow(
            CoverageStrip.Legend(host.IsUnicode).Select(entry => $"{Markup(entry.Cell, entry.Sign)} {entry.Meaning}"), indent: 1));
    }

    // Blocks have colours; where there are none, output goes to a file.
    private string Markup(CoverageCell cell, char sign) =>
        host.IsUnicode ? $"[{CoverageStrip.ColourOf(cell)}]{sign}[/]" : sign.ToString().EscapeMarkup();

    private void WriteTables()
    {
        var tables = _rows.Where(row => row.Table is not null).Select(row => (row.Stream.NodeId, row.Table!)).Distinct();
        foreach ((string node, string table) in tables)
        {
            host.Console.WriteLine($" {PlainText.OneLine($"{node} is in the table {table}")}");
        }
    }
}
