using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>One request that a plan makes of a source.</summary>
/// <param name="Range">What is asked for: from the first missing bar to the last that fits, both ends included. Stored bars may lie between.</param>
/// <param name="Missing">The bars for whose sake it is asked; not empty.</param>
public sealed record PlannedRequest(TimeRange Range, TimeRangeSet Missing);
