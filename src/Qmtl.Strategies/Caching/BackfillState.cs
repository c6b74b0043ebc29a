using System.Collections.Concurrent;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Caching;

/// <summary>
/// Which ranges of bars have been merged into a cache, for each stream, so that the same history is not loaded twice. Safe for several
/// threads.
/// </summary>
/// <remarks>It tells what was merged, not what is held: bars that were dropped later because of the period count too.</remarks>
public sealed class BackfillState
{
    private readonly ConcurrentDictionary<StreamKey, TimeRangeSet> _ranges = new();

    /// <summary>Whether every bar of <paramref name="range"/> is marked. A range in which no bar of the stream opens always is.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="range">Unix seconds, UTC, inclusive at both ends; it need not be on the interval's grid.</param>
    public bool IsComplete(StreamKey stream, TimeRange range) =>
        range.AlignTo(stream.Interval) is not { } bars || (GetRanges(stream).Intersect(bars) is [var only] && only == bars);

    /// <summary>
    /// Marks the bars of <paramref name="range"/> (Unix seconds, UTC, inclusive at both ends; aligned inward to the interval's grid).
    /// </summary>
    public void MarkComplete(StreamKey stream, TimeRange range) => MarkComplete(stream, new TimeRangeSet(stream.Interval, range));

    /// <summary>Marks bars.</summary>
    /// <exception cref="ArgumentException">They are of another interval than the stream.</exception>
    public void MarkComplete(StreamKey stream, TimeRangeSet ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        if (ranges.Interval != stream.Interval)
        {
            throw new ArgumentException(
                $"Bars of {ranges.Interval} cannot be marked in the stream {stream}, whose bars are of {stream.Interval}.", nameof(ranges));
        }

        if (!ranges.IsEmpty)
        {
            _ranges.AddOrUpdate(stream, ranges, (_, marked) => marked.Union(ranges));
        }
    }

    /// <summary>The bars that are marked; none in a stream that is not known.</summary>
    public TimeRangeSet GetRanges(StreamKey stream) =>
        _ranges.TryGetValue(stream, out TimeRangeSet? ranges) ? ranges : TimeRangeSet.Empty(stream.Interval);

    /// <summary>Forgets all marks of a stream; false where there was none.</summary>
    public bool Forget(StreamKey stream) => _ranges.TryRemove(stream, out _);
}
