using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>One checked answer of a source, as it is committed to a store: bars and emptiness together.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Frame">The bars to write.</param>
/// <param name="Asked">The bars that the source was asked for and that were missing from the store.</param>
/// <param name="Empty">Those of <paramref name="Asked"/> that the source does not have and that are to be remembered as empty.</param>
public sealed record BarPage(string Source, BarFrame Frame, TimeRangeSet Asked, TimeRangeSet Empty);

/// <summary>What is written to one of many streams at once.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Pages">Its pages, as for <see cref="IHistoryStore.WriteAsync"/>.</param>
public sealed record StreamWrite(StreamKey Stream, IReadOnlyList<BarPage> Pages)
{
    /// <summary>
    /// Whether a bar that is stored is not replaced unseen, but as by <see cref="IHistoryStore.ReviseAsync"/>, where the store offers
    /// that: for bars that were not there when somebody looked. False by default.
    /// </summary>
    public bool Revises { get; init; }
}

/// <summary>What is read of one of many streams at once.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Range">The bars, by their opens, both ends included; all of them are held at once.</param>
/// <param name="Source">Whose "none" counts; null for any source's.</param>
public sealed record StreamRange(StreamKey Stream, TimeRange Range, string? Source);

/// <summary>What a store holds of a <see cref="StreamRange"/>.</summary>
/// <param name="Frames">The stored bars, ascending.</param>
/// <param name="Empty">The bars that the source is known not to have.</param>
public sealed record StoredRange(IReadOnlyList<BarFrame> Frames, TimeRangeSet Empty);
