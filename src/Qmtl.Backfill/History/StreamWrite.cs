using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>What is written to one of many streams at once.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Pages">Its pages, as for <see cref="IHistoryStore.WriteAsync"/>.</param>
public sealed record StreamWrite(StreamKey Stream, IReadOnlyList<BarPage> Pages);

/// <summary>What is read of one of many streams at once.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Range">The bars, by their opens, both ends included; all of them are held at once.</param>
/// <param name="Source">Whose "none" counts; null for any source's.</param>
public sealed record StreamRange(StreamKey Stream, TimeRange Range, string? Source);

/// <summary>What a store holds of a <see cref="StreamRange"/>.</summary>
/// <param name="Frames">The stored bars, ascending.</param>
/// <param name="Empty">The bars that the source is known not to have.</param>
public sealed record StoredRange(IReadOnlyList<BarFrame> Frames, TimeRangeSet Empty);
