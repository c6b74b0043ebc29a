using System.Globalization;
using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Makes the objects of Get-QmtlHistory: <c>Timestamp</c> and the payload's columns as properties.</summary>
internal static class BarObjects
{
    /// <summary>The property that is a bar's open.</summary>
    public const string Timestamp = "Timestamp";

    /// <summary>The columns by which a bar is a candle.</summary>
    public static readonly string[] CandleColumns = ["open", "high", "low", "close", "volume"];

    /// <summary>One object a bar of the stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="frame">The bars.</param>
    /// <param name="asText">Whether times and values are text as files have them: a shell writes others as its culture does.</param>
    public static IEnumerable<BarObject> Of(StreamKey stream, BarFrame frame, bool asText = false)
    {
        BarColumn[] columns = ColumnsOf(frame);
        string? view = ViewOf(columns, asText);
        for (int row = 0; row < frame.Count; row++)
        {
            yield return Make(stream, frame, row, columns, view, asText);
        }
    }

    /// <summary>The object of one bar of the stream.</summary>
    public static BarObject Of(StreamKey stream, BarRow bar)
    {
        BarColumn[] columns = ColumnsOf(bar.Frame);
        return Make(stream, bar.Frame, bar.Index, columns, ViewOf(columns, asText: false), asText: false);
    }

    /// <summary>Has a bar shown by the columns that it has now.</summary>
    public static void Show(BarObject bar)
    {
        foreach (string name in bar.TypeNames.Where(name => name.StartsWith(BarObject.BarTypeName, StringComparison.Ordinal)).ToArray())
        {
            bar.TypeNames.Remove(name);
        }

        SetTypeNames(
            bar,
            BarViews.NameOf([.. bar.Properties.Select(property => (property.Name, property.Value is double or long or int or decimal))]));
    }

    // A payload column of the same name would hide the bar's time.
    private static BarColumn[] ColumnsOf(BarFrame frame) =>
        [.. frame.Columns.Where(column => !string.Equals(column.Name, Timestamp, StringComparison.OrdinalIgnoreCase))];

    // Null for a candle, whose view the module has from the start.
    private static string? ViewOf(BarColumn[] columns, bool asText) =>
        !asText && CandleColumns.All(name => columns.Any(column => column.Name == name))
            ? null
            : BarViews.NameOf(
                [
                    (Timestamp, false),
                    .. columns.Select(
                        column => (
                            asText ? column.Name : PlainText.Escape(column.Name),
                            ColumnType.Of(column.Type).IsNumber)),
                ]);

    private static BarObject Make(StreamKey stream, BarFrame frame, int row, BarColumn[] columns, string? view, bool asText)
    {
        var bar = new BarObject(stream);
        bar.Properties.Add(
            asText
                ? new PSNoteProperty(Timestamp, UnixTime.Format(frame.Timestamps[row]))
                : new UtcTimeProperty(Timestamp, frame.Timestamps[row]),
            preValidated: true);
        foreach (BarColumn column in columns)
        {
            bar.Properties.Add(
                asText
                    ? new PSNoteProperty(column.Name, TextOf(column.GetValue(row)))
                    : new PSNoteProperty(PlainText.Escape(column.Name), OutsideText.Of(column.GetValue(row))),
                preValidated: true);
        }

        SetTypeNames(bar, view);
        return bar;
    }

    private static void SetTypeNames(BarObject bar, string? view)
    {
        bar.TypeNames.Insert(0, view is null ? BarObject.CandleTypeName : BarObject.BarTypeName);
        if (view is not null)
        {
            bar.TypeNames.Insert(0, view);
        }
    }

    private static string? TextOf(object? value) => value switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
