using System.Collections;
using System.Management.Automation;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// Makes the objects of Get-QmtlCacheSlice: those of <see cref="BarObjects"/>, except that what a node gave as an object is no text.
/// </summary>
internal static class CacheObjects
{
    /// <summary>One object a bar. The keys of a hashtable, and the properties of a custom object, are its properties.</summary>
    /// <param name="upstream">Whose bars.</param>
    /// <param name="bars">The bars, in which objects are text.</param>
    /// <param name="view">Where the objects are.</param>
    public static IEnumerable<BarObject> Of(StreamKey upstream, BarFrame bars, CacheView view)
    {
        SeriesView? series = bars.FindColumn(Payload.ValueColumn) is BarColumn<string?> && view.Contains(upstream)
            ? view.GetSeries(upstream)
            : null;
        long[] times = series?.GetTimestamps() ?? [];
        int row = 0;
        foreach (BarObject bar in BarObjects.Of(upstream, bars))
        {
            int index = Array.BinarySearch(times, bars.Timestamps[row++]);
            if (index >= 0)
            {
                Replace(bar, series!.GetValue(Payload.ValueColumn, index));
            }

            yield return bar;
        }
    }

    private static void Replace(BarObject bar, object? value)
    {
        IEnumerable<(string Name, object? Value)>? parts = value switch
        {
            IDictionary table => table.Keys.Cast<object>().Select(key => ($"{key}", table[key])),
            PSObject { BaseObject: PSCustomObject } custom =>
                custom.Properties.Select(property => (property.Name, (object?)property.Value)),
            _ => null,
        };
        if (parts is null)
        {
            bar.Properties[Payload.ValueColumn].Value = value;
            return;
        }

        bar.Properties.Remove(Payload.ValueColumn);
        foreach ((string name, object? part) in parts)
        {
            // The bar's own time stays; a key that is no name is none here either.
            if (name.Length > 0 && bar.Properties[name] is null)
            {
                bar.Properties.Add(new PSNoteProperty(name, part));
            }
        }

        BarObjects.Show(bar);
    }
}
