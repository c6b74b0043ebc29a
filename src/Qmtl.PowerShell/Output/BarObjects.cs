using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Makes the objects of Get-QmtlHistory: <c>Timestamp</c> and the payload's columns as properties.</summary>
internal static class BarObjects
{
    /// <summary>The type name that a candle's table view goes by.</summary>
    public const string CandleTypeName = "Qmtl.PowerShell.Output.Candle";

    private const string Timestamp = "Timestamp";

    private static readonly string[] CandleColumns = ["open", "high", "low", "close", "volume"];

    /// <summary>One object a bar.</summary>
    public static IEnumerable<PSObject> Of(BarFrame frame)
    {
        // A payload column of the same name would hide the bar's time.
        BarColumn[] columns = [.. frame.Columns.Where(column => !string.Equals(column.Name, Timestamp, StringComparison.OrdinalIgnoreCase))];
        bool isCandle = CandleColumns.All(name => frame.FindColumn(name) is not null);
        for (int row = 0; row < frame.Count; row++)
        {
            var bar = new PSObject();
            bar.Properties.Add(new PSNoteProperty(Timestamp, UnixTime.FromSeconds(frame.Timestamps[row])), preValidated: true);
            foreach (BarColumn column in columns)
            {
                bar.Properties.Add(new PSNoteProperty(column.Name, column.GetValue(row)), preValidated: true);
            }

            if (isCandle)
            {
                bar.TypeNames.Insert(0, CandleTypeName);
            }

            yield return bar;
        }
    }
}
