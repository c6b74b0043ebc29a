using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>One change of a stored bar by a repair or a forced backfill; its range is that bar.</summary>
public sealed class HistoryRevision : StreamRange
{
    private readonly BarRevision _revision;

    internal HistoryRevision(IHistoryProvider provider, StreamKey stream, BarRevision revision)
        : base(provider, stream, new TimeRange(revision.Timestamp, revision.Timestamp)) => _revision = revision;

    /// <summary>The column; null where the bar as a whole was added.</summary>
    public string? Column => _revision.Column;

    /// <summary>The value before, as text; null where there was none.</summary>
    public string? Was => _revision.Was;

    /// <summary>The value since then, as text; null where there is none, or the bar as a whole was added.</summary>
    public string? Is => _revision.Is;

    /// <summary>The source that the value is from.</summary>
    public string Source => _revision.Source;

    /// <summary>When it was changed: ISO 8601, UTC, to the microsecond.</summary>
    public string RevisedAt => _revision.RevisedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
