using System.Management.Automation;
using System.Text;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Draws streams as strips of time, in which holes are seen.</summary>
[Cmdlet(VerbsCommon.Show, "QmtlCoverage", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(string))]
public sealed class ShowQmtlCoverageCommand : StreamRangeCommand
{
    private const int DateLength = 10;
    private const int LongestName = 24;
    private const int NarrowestStrip = 10;
    private const int WidestStrip = 100;

    private readonly List<(StreamKey Stream, TimeRange? Shown, TimeRangeSet Stored, TimeRangeSet Empty)> _rows = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams(async (provider, streams, cancellationToken) =>
    {
        foreach (StreamKey stream in streams)
        {
            TimeRangeSet stored = await provider.GetCoverageAsync(stream, null, cancellationToken);
            TimeRangeSet empty = await provider.GetKnownEmptyAsync(stream, null, null, cancellationToken);
            _rows.Add((stream, Shown(stored), stored, empty.Subtract(stored)));
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_rows.Count == 0)
        {
            return;
        }

        var screen = Screen.Of(this);
        int label = Math.Min(LongestName, _rows.Max(row => NameOf(row.Stream).Length));
        int width = Math.Clamp(screen.Width - label - (2 * DateLength) - 4, NarrowestStrip, WidestStrip);
        foreach ((StreamKey stream, TimeRange? shown, TimeRangeSet stored, TimeRangeSet empty) in _rows)
        {
            string name = NameOf(stream);
            name = name.Length <= label ? name.PadRight(label) : string.Concat(name.AsSpan(0, label - 3), "...");
            WriteObject(shown is { } range
                ? $" {name} {Date(range.Start)} {Paint(screen, CoverageStrip.Draw(range, stored, empty, width))} {Date(range.End)}"
                : $" {name} nothing in that time");
        }

        WriteLegend(screen);
    }

    private static string NameOf(StreamKey stream) => PlainText.OneLine(stream.ToString());

    private static string Date(long timestamp) => UnixTime.Format(timestamp)[..DateLength];

    private static string Paint(Screen screen, IReadOnlyList<CoverageCell> cells)
    {
        // One piece of colour for neighbours of one.
        var strip = new StringBuilder();
        for (int from = 0, to = 0; from < cells.Count; from = to)
        {
            string colour = CoverageStrip.ColourOf(cells[from]);
            CoverageCell[] same = [.. cells.Skip(from).TakeWhile(cell => CoverageStrip.ColourOf(cell) == colour)];
            strip.Append(screen.Paint(string.Concat(same.Select(cell => CoverageStrip.SignOf(cell, screen.IsUnicode))), colour));
            to = from + same.Length;
        }

        return strip.ToString();
    }

    // As many of the signs on a line as fit.
    private void WriteLegend(Screen screen)
    {
        var line = new StringBuilder();
        int used = 0;
        foreach ((CoverageCell cell, char sign, string meaning) in CoverageStrip.Legend(screen.IsUnicode))
        {
            int length = meaning.Length + 4;
            if (used > 0 && used + length > screen.Width)
            {
                WriteObject(line.ToString());
                line.Clear();
                used = 0;
            }

            line.Append($"{(used == 0 ? " " : "  ")}{screen.Paint($"{sign}", CoverageStrip.ColourOf(cell))} {meaning}");
            used += length;
        }

        WriteObject(line.ToString());
    }

    private TimeRange? Shown(TimeRangeSet stored)
    {
        if (stored.Bounds is not { } bounds)
        {
            return null;
        }

        long start = StartOf(stored.Interval)?.ToUnixTimeSeconds() ?? bounds.Start;
        long end = End?.ToUnixTimeSeconds() ?? bounds.End;
        return start <= end ? new TimeRange(start, end).AlignTo(stored.Interval) : null;
    }
}
