using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>One checked answer of a source, as it is committed to a store: bars and emptiness together.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Frame">The bars to write.</param>
/// <param name="Asked">The bars that the source was asked for and that were missing from the store.</param>
/// <param name="Empty">Those of <paramref name="Asked"/> that the source does not have and that are to be remembered as empty.</param>
public sealed record BarPage(string Source, BarFrame Frame, TimeRangeSet Asked, TimeRangeSet Empty);
