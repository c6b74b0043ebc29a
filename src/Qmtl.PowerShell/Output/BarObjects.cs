using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Makes the objects of Get-QmtlHistory: <c>Timestamp</c> and the payload's columns as properties.</summary>
internal static class BarObjects
{
    /// <summary>The type name that a candle's table view goes by.</summary>
    public const string CandleTypeName = "Qmtl.PowerShell.Output.Candle";

    /// <summary>The type name of bars that are no candles, by which they are told from other custom objects.</summary>
    public const string BarTypeName = "Qmtl.PowerShell.Output.Bar";

    private const string Timestamp = "Timestamp";

    private static readonly string[] CandleColumns = ["open", "high", "low", "close", "volume"];

    /// <summary>One object a bar.</summary>
    public static IEnumerable<PSObject> Of(BarFrame frame)
    {
        BarColumn[] columns = ColumnsOf(frame);
        bool isCandle = IsCandle(frame);
        for (int row = 0; row < frame.Count; row++)
        {
            yield return Make(frame, row, columns, isCandle);
        }
    }

    /// <summary>The object of one bar.</summary>
    public static PSObject Of(BarRow bar) => Make(bar.Frame, bar.Index, ColumnsOf(bar.Frame), IsCandle(bar.Frame));

    // A payload column of the same name would hide the bar's time.
    private static BarColumn[] ColumnsOf(BarFrame frame) =>
        [.. frame.Columns.Where(column => !string.Equals(column.Name, Timestamp, StringComparison.OrdinalIgnoreCase))];

    private static bool IsCandle(BarFrame frame) => CandleColumns.All(name => frame.FindColumn(name) is not null);

    private static PSObject Make(BarFrame frame, int row, BarColumn[] columns, bool isCandle)
    {
        var bar = new PSObject();
        bar.Properties.Add(new PSNoteProperty(Timestamp, UnixTime.FromSeconds(frame.Timestamps[row])), preValidated: true);
        foreach (BarColumn column in columns)
        {
            bar.Properties.Add(new PSNoteProperty(column.Name, column.GetValue(row)), preValidated: true);
        }

        bar.TypeNames.Insert(0, isCandle ? CandleTypeName : BarTypeName);
        return bar;
    }
}
