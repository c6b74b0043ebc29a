using System.Globalization;
using System.Runtime.InteropServices;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>
/// Whose rows a file has, by its columns of nodes and of intervals. Where it has no such column, all rows are of any node or interval, and
/// so is a row that names none that is known.
/// </summary>
/// <param name="hasNodes">Whether a column names nodes.</param>
/// <param name="hasIntervals">Whether a column names intervals.</param>
internal sealed class FileStreams(bool hasNodes, bool hasIntervals)
{
    private readonly Dictionary<(string Node, BarInterval? Interval), TimeRange> _extents = [];
    private readonly Dictionary<string, BarInterval?> _read = new(StringComparer.Ordinal);
    private readonly Lock _reading = new();

    /// <summary>Whether no row was added.</summary>
    public bool IsEmpty => _extents.Count == 0;

    /// <summary>The nodes; one with an empty name where no column names them.</summary>
    public IEnumerable<string> Nodes => _extents.Keys.Select(static key => key.Node).Distinct();

    /// <summary>The streams that rows name by both node and interval, by node, then interval.</summary>
    public IReadOnlyList<StreamKey> Named => [.. _extents.Keys
        .Where(static key => key.Interval is not null && !string.IsNullOrWhiteSpace(key.Node))
        .Select(static key => new StreamKey(key.Node, key.Interval!.Value))
        .OrderBy(static stream => stream.NodeId, StringComparer.Ordinal).ThenBy(static stream => stream.Interval)];

    /// <summary>Notes the time of a row (Unix seconds, UTC), and what stands in its columns of nodes and intervals.</summary>
    public void Add(string node, string interval, long time)
    {
        ref TimeRange extent = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _extents, (hasNodes ? node : string.Empty, Read(interval)), out bool isKnown);
        extent = TimeRange.Including(isKnown ? extent : null, time);
    }

    /// <summary>Whether a row with these values is of the stream.</summary>
    public bool IsOf(StreamKey stream, string node, string interval) =>
        (!hasNodes || node == stream.NodeId) && (Read(interval) is not { } told || told == stream.Interval);

    /// <summary>From the first to the last time of a stream; null where it has none.</summary>
    public TimeRange? ExtentOf(StreamKey stream)
    {
        TimeRange? all = null;
        string node = hasNodes ? stream.NodeId : string.Empty;
        foreach (BarInterval? interval in (ReadOnlySpan<BarInterval?>)[null, stream.Interval])
        {
            if (_extents.TryGetValue((node, interval), out TimeRange extent))
            {
                all = TimeRange.Including(TimeRange.Including(all, extent.Start), extent.End);
            }
        }

        return all;
    }

    // As people write it, or the number by which stores have it. A file has few, and many rows of each.
    private BarInterval? Read(string text)
    {
        if (!hasIntervals)
        {
            return null;
        }

        lock (_reading)
        {
            ref BarInterval? read = ref CollectionsMarshal.GetValueRefOrAddDefault(_read, text, out bool isKnown);
            return isKnown ? read : read = Parse(text);
        }
    }

    private static BarInterval? Parse(string text)
    {
        if (BarInterval.TryParse(text, CultureInfo.InvariantCulture, out BarInterval interval))
        {
            return interval;
        }

        try
        {
            return long.TryParse(text, CultureInfo.InvariantCulture, out long number) ? BarInterval.FromNumber(number) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
