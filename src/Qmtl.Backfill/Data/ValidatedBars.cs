using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>What is left of a source's answer after it was checked.</summary>
/// <param name="Frame">The bars that can be stored: inside the asked range, on the grid, ascending, each once, closed.</param>
/// <param name="Rejected">How many rows were left out, and why.</param>
/// <param name="Silent">
/// The asked bars that the answer says do not exist: those it is about, did not give, and did not give wrongly either.
/// Only these may be remembered as empty.
/// </param>
public sealed record ValidatedBars(BarFrame Frame, RejectedRows Rejected, TimeRangeSet Silent);
