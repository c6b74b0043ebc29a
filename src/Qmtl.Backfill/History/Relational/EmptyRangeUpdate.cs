using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <summary>What pages change in the known-empty ranges of a stream: a pure function of what is stored and what was learnt.</summary>
/// <remarks>
/// A row keeps the time at which it was learnt, so a row of which a part is forgotten leaves its other parts behind with
/// their old time, and neighbours learnt at different times stay two rows.
/// </remarks>
internal sealed class EmptyRangeUpdate
{
    private EmptyRangeUpdate(IReadOnlyList<EmptyRange> removed, IReadOnlyList<EmptyRange> added)
    {
        Removed = removed;
        Added = added;
    }

    /// <summary>The rows to delete.</summary>
    public IReadOnlyList<EmptyRange> Removed { get; }

    /// <summary>The rows to insert.</summary>
    public IReadOnlyList<EmptyRange> Added { get; }

    /// <summary>From the first to the last bar that the pages say anything about; null where they say nothing.</summary>
    public static TimeRange? Touched(IReadOnlyList<BarPage> pages)
    {
        TimeRange? touched = null;
        foreach (TimeRange? part in pages.SelectMany(page => (TimeRange?[])[page.Asked.Bounds, page.Empty.Bounds, page.Frame.Bounds]))
        {
            if (part is { } range)
            {
                touched = touched is { } other ? new TimeRange(Math.Min(other.Start, range.Start), Math.Max(other.End, range.End)) : range;
            }
        }

        return touched;
    }

    /// <summary>Applies the pages, the later over the earlier.</summary>
    /// <param name="interval">The stream's interval.</param>
    /// <param name="stored">The stored rows of every source that overlap <see cref="Touched"/>.</param>
    /// <param name="pages">What was learnt.</param>
    /// <param name="now">The time to note for what is new: Unix seconds, UTC.</param>
    public static EmptyRangeUpdate Compute(BarInterval interval, IReadOnlyList<EmptyRange> stored, IReadOnlyList<BarPage> pages, long now)
    {
        TimeRangeSet written = pages.Aggregate(TimeRangeSet.Empty(interval), static (set, page) => set.Union(page.Frame.ToRangeSet()));
        var answered = new Dictionary<string, TimeRangeSet>(StringComparer.Ordinal);
        var empty = new Dictionary<string, TimeRangeSet>(StringComparer.Ordinal);
        foreach (BarPage page in pages)
        {
            TimeRangeSet before = answered.GetValueOrDefault(page.Source, TimeRangeSet.Empty(interval));
            answered[page.Source] = before.Union(page.Asked).Union(page.Empty);
            empty[page.Source] = empty.GetValueOrDefault(page.Source, TimeRangeSet.Empty(interval)).Subtract(page.Asked).Union(page.Empty);
        }

        var removed = new List<EmptyRange>();
        var added = new List<EmptyRange>();
        foreach (EmptyRange row in stored)
        {
            var range = new TimeRange(row.Start, row.End);
            TimeRangeSet forgotten = answered.GetValueOrDefault(
                row.Source, TimeRangeSet.Empty(interval)).Intersect(range).Union(written.Intersect(range));
            if (!forgotten.IsEmpty)
            {
                removed.Add(row);
                added.AddRange(
                    new TimeRangeSet(interval, range).Subtract(forgotten).Select(part => new EmptyRange(row.Source, part, row.LearntAt)));
            }
        }

        foreach ((string source, TimeRangeSet bars) in empty)
        {
            added.AddRange(bars.Subtract(written).Select(part => new EmptyRange(source, part, now)));
        }

        return new EmptyRangeUpdate(removed, added);
    }
}
