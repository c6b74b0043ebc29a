using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>What is left of a source's answer after it was checked.</summary>
/// <param name="Frame">The bars that can be stored: inside the asked range, on the grid, ascending, each once, closed.</param>
/// <param name="Rejected">How many rows were left out, and why.</param>
/// <param name="Silent">
/// The asked bars that the answer proves not to exist: those that it passed over, gave neither right nor wrong. Only these may be
/// remembered as empty.
/// </param>
public sealed record ValidatedBars(BarFrame Frame, RejectedRows Rejected, TimeRangeSet Silent)
{
    /// <summary>
    /// The asked bars before the first row and after the last one: the answer may have been cut there, and says nothing of them.
    /// </summary>
    public TimeRangeSet Unreached { get; init; } = TimeRangeSet.Empty(Frame.Interval);

    /// <summary>How many rows lie before the asked range. They may have taken the places of rows at its end.</summary>
    public int RowsBefore { get; init; }

    /// <summary>How many rows lie after the asked range. They may have taken the places of rows at its start.</summary>
    public int RowsAfter { get; init; }

    /// <summary>
    /// When the one row opens that lies further from the asked range than that is long; null where there is none, or several.
    /// </summary>
    internal long? FarRow { get; init; }

    /// <summary>
    /// The interval whose bars the rows evidently are, where it is another one than was asked for; nothing of such an answer is right. Null
    /// otherwise.
    /// </summary>
    public BarInterval? EvidentInterval { get; init; }
}
