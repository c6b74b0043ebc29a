using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Backfill;

/// <summary>All that a run is to do for one stream of one provider: its ranges share the source's pages.</summary>
internal sealed class BackfillWork(IHistoryProvider provider, StreamKey stream)
{
    /// <summary>Whose history is completed.</summary>
    public IHistoryProvider Provider { get; } = provider;

    /// <summary>The stream.</summary>
    public StreamKey Stream { get; } = stream;

    /// <summary>The ranges, in the order they came.</summary>
    public List<TimeRange> Ranges { get; } = [];

    /// <summary>What is to be done, for a prompt or -WhatIf.</summary>
    public string Describe(string source, bool force)
    {
        string what = force ? "Replace what differs in" : "Backfill";
        long bars = new TimeRangeSet(Stream.Interval, Ranges).BarCount;
        return Ranges is [var only]
            ? $"{what} {bars} bars, {only}, from {source}"
            : $"{what} {bars} bars in {Ranges.Count} ranges from {source}";
    }
}
