using System.Data.Common;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <summary>Bars that a source answered "none" for, as one row of the store.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Start">The first bar's open: Unix seconds, UTC.</param>
/// <param name="End">The last bar's open: Unix seconds, UTC, inside.</param>
/// <param name="LearntAt">When the source said so: Unix seconds, UTC.</param>
internal readonly record struct EmptyRange(string Source, long Start, long End, long LearntAt)
{
    public EmptyRange(string source, TimeRange range, long learntAt)
        : this(source, range.Start, range.End, learntAt)
    {
    }

    /// <summary>The range in a row of source, start, end and when it was learnt.</summary>
    public static EmptyRange Of(DbDataReader row) => new(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
}
