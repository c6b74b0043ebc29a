using System.Globalization;
using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Makes the objects of Get-QmtlHistory: <c>Timestamp</c> and the payload's columns as properties.</summary>
internal static class BarObjects
{
    private const string Timestamp = "Timestamp";

    private static readonly string[] CandleColumns = ["open", "high", "low", "close", "volume"];

    /// <summary>One object a bar of the stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="frame">The bars.</param>
    /// <param name="asText">Whether times and values are text as files have them: a shell writes others as its culture does.</param>
    public static IEnumerable<BarObject> Of(StreamKey stream, BarFrame frame, bool asText = false)
    {
        BarColumn[] columns = ColumnsOf(frame);
        bool isCandle = IsCandle(frame);
        for (int row = 0; row < frame.Count; row++)
        {
            yield return Make(stream, frame, row, columns, isCandle, asText);
        }
    }

    /// <summary>The object of one bar of the stream.</summary>
    public static BarObject Of(StreamKey stream, BarRow bar) => Make(stream, bar.Frame, bar.Index, ColumnsOf(bar.Frame), IsCandle(bar.Frame));

    // A payload column of the same name would hide the bar's time.
    private static BarColumn[] ColumnsOf(BarFrame frame) =>
        [.. frame.Columns.Where(column => !string.Equals(column.Name, Timestamp, StringComparison.OrdinalIgnoreCase))];

    private static bool IsCandle(BarFrame frame) => CandleColumns.All(name => frame.FindColumn(name) is not null);

    private static BarObject Make(StreamKey stream, BarFrame frame, int row, BarColumn[] columns, bool isCandle, bool asText = false)
    {
        var bar = new BarObject(stream);
        bar.Properties.Add(new PSNoteProperty(Timestamp, asText ? UnixTime.Format(frame.Timestamps[row]) : UnixTime.FromSeconds(frame.Timestamps[row])), preValidated: true);
        foreach (BarColumn column in columns)
        {
            bar.Properties.Add(new PSNoteProperty(column.Name, asText ? TextOf(column.GetValue(row)) : column.GetValue(row)), preValidated: true);
        }

        bar.TypeNames.Insert(0, isCandle && !asText ? BarObject.CandleTypeName : BarObject.BarTypeName);
        return bar;
    }

    private static string? TextOf(object? value) => value switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
