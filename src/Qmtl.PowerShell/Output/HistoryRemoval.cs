using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>What was taken out of a stream's history.</summary>
public sealed class HistoryRemoval : StreamRange
{
    internal HistoryRemoval(IHistoryProvider provider, StreamKey stream, TimeRange range)
        : base(provider, stream, range)
    {
    }

    /// <summary>Stored bars that were removed.</summary>
    public long BarsRemoved { get; init; }

    /// <summary>Bars of which it was known that a source does not have them, and which may be asked for again.</summary>
    public long EmptyForgotten { get; init; }
}
