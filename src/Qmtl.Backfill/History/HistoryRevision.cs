using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>What a removal took out of a store.</summary>
/// <param name="Bars">Bars that were stored.</param>
/// <param name="EmptyBars">Bars of which it was known that a source does not have them, and which may be asked for again.</param>
public sealed record RemovedHistory(long Bars, long EmptyBars);

/// <summary>What a revision changed.</summary>
/// <param name="Added">Bars that were not stored before.</param>
/// <param name="Replaced">Bars that were stored with other values.</param>
/// <param name="Empty">Bars that are remembered as empty; one that is stored never is.</param>
/// <param name="Differences">
/// All differences that were found, ascending. A bar that the source is known not to have
/// (<see cref="BarDifferenceKind.Extra"/>) is told and left as it is.
/// </param>
public sealed record RevisedHistory(
    TimeRangeSet Added, TimeRangeSet Replaced, TimeRangeSet Empty, IReadOnlyList<BarDifference> Differences);

/// <summary>One entry of a store's trail: what was changed by a revision.</summary>
/// <param name="Timestamp">The bar's open: Unix seconds, UTC.</param>
/// <param name="Column">The column; null where the bar as a whole was added.</param>
/// <param name="Was">The value before, as text that every program reads (<c>1.5</c>, <c>true</c>); null where there was none.</param>
/// <param name="Is">The value since then; null where there is none, or the bar as a whole was added.</param>
/// <param name="Source">The source that the value is from.</param>
/// <param name="RevisedAt">When it was changed.</param>
public sealed record BarRevision(long Timestamp, string? Column, string? Was, string? Is, string Source, DateTimeOffset RevisedAt);
