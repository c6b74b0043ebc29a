using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>One difference between a stored bar and that of a source or of another store; its range is that bar.</summary>
public sealed class HistoryDifference : StreamRange
{
    private readonly BarDifference _difference;

    internal HistoryDifference(IHistoryProvider provider, StreamKey stream, BarDifference difference, string source, bool isRepair)
        : base(provider, stream, new TimeRange(difference.Timestamp, difference.Timestamp))
    {
        _difference = difference;
        Source = source;
        Repaired = isRepair && difference.IsRepairable;
    }

    /// <summary>
    /// <c>Missing</c>: the other has the bar, and it was not stored; <c>Extra</c>: it is stored, and the other does not have it;
    /// <c>Different</c>: another value in the column.
    /// </summary>
    public string Kind => _difference.Kind.ToString();

    /// <summary>The column that differs; null where the bar as a whole is missing or extra.</summary>
    public string? Column => _difference.Column;

    /// <summary>The stored value; null where there is none.</summary>
    public object? Stored => _difference.Stored;

    /// <summary>The other's value; null where there is none.</summary>
    public object? Other => _difference.Other;

    /// <summary>What the bar was compared with, by its name.</summary>
    public string Source { get; }

    /// <summary>Whether the other's bar, or its value, is stored now. Where it has none, what is stored stays.</summary>
    public bool Repaired { get; }
}
