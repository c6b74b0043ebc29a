using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>
/// A payload column of a frame and the table's column it goes into; the values are of a type that the table's column keeps.
/// </summary>
internal readonly record struct PlannedColumn(StoredColumn Stored, BarColumn Values);

/// <summary>A frame as it is about to be written.</summary>
/// <param name="Timestamps">The bars' opens: Unix seconds, UTC, ascending, each once.</param>
/// <param name="Columns">The payload.</param>
internal sealed record PlannedFrame(ReadOnlyMemory<long> Timestamps, IReadOnlyList<PlannedColumn> Columns)
{
    /// <summary>Whether <paramref name="next"/> can follow in the same bulk operation: the same columns, and only later bars.</summary>
    public bool CanBeFollowedBy(PlannedFrame next) =>
        Timestamps.Span[^1] < next.Timestamps.Span[0]
        && Columns.Select(column => column.Stored).SequenceEqual(next.Columns.Select(column => column.Stored));

    /// <summary>Splits frames, in order, into runs that one bulk operation can write.</summary>
    public static IEnumerable<IReadOnlyList<PlannedFrame>> InRuns(IEnumerable<PlannedFrame> frames)
    {
        var run = new List<PlannedFrame>();
        foreach (PlannedFrame frame in frames)
        {
            if (run.Count > 0 && !run[^1].CanBeFollowedBy(frame))
            {
                yield return run;
                run = [];
            }

            run.Add(frame);
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }
}
