using System.Data.Common;
using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>One entry of the trail, as one row of the store.</summary>
/// <param name="Timestamp">The bar's open: Unix seconds, UTC.</param>
/// <param name="RevisedAt">When it was changed: Unix time in microseconds, so that no two revisions of a bar share it.</param>
/// <param name="Column">The column; blank where the bar as a whole was added.</param>
/// <param name="Was">The value before as text; null where there was none.</param>
/// <param name="Is">The value since then; null where there is none.</param>
/// <param name="Source">The source's name.</param>
internal readonly record struct RevisionRow(long Timestamp, long RevisedAt, string Column, string? Was, string? Is, string Source)
{
    private const int TicksPerMicrosecond = 10;

    /// <summary>The columns of a result that is read, in their order.</summary>
    public const string Columns = "bar_ts, revised_at, column_name, old_value, new_value, source";

    /// <summary>Whether the change was made; true unless the database had to note it beforehand and cannot tell that it was.</summary>
    public bool IsTold { get; init; } = true;

    /// <summary>The row in a result with these columns.</summary>
    public static RevisionRow Of(DbDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), TextOf(row, 2) ?? string.Empty, TextOf(row, 3), TextOf(row, 4), row.GetString(5));

    /// <summary>The entry of a difference that is about to be written.</summary>
    public static RevisionRow Of(BarDifference difference, string source, DateTimeOffset now) => new(
        difference.Timestamp,
        (now - DateTimeOffset.UnixEpoch).Ticks / TicksPerMicrosecond,
        difference.Column ?? string.Empty,
        ValueText.Of(difference.Stored),
        ValueText.Of(difference.Other),
        source);

    /// <summary>The entry as it is told.</summary>
    public BarRevision ToRevision() => new(
        Timestamp,
        Column.Length == 0 ? null : Column,
        Was,
        Is,
        Source,
        DateTimeOffset.UnixEpoch.AddTicks(RevisedAt * TicksPerMicrosecond));

    private static string? TextOf(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
