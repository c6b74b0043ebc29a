using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Streams.Loading;

/// <summary>What one load of history did. All counts are of this load: one that finds everything in place counts nothing.</summary>
public sealed record HistoryLoad
{
    /// <summary>The stream.</summary>
    public required StreamKey Stream { get; init; }

    /// <summary>The bars that were to be loaded, by their opens (Unix seconds, UTC), both ends included; null where none of them has closed yet.</summary>
    public TimeRange? Range { get; init; }

    /// <summary>Bars merged into the cache; not more than it can hold, and without those that it held already.</summary>
    public long BarsLoaded { get; init; }

    /// <summary>Bars that a source supplied because the provider lacked them.</summary>
    public long BarsFilled { get; init; }

    /// <summary>Bars that do not exist: the source has been asked for them and has none.</summary>
    public long BarsEmpty { get; init; }

    /// <summary>Bars that should exist and are not there. The next load asks for them again.</summary>
    public long BarsMissing { get; init; }

    /// <summary>Rows of the provider's answers that are no bars of the stream and were left out, by reason.</summary>
    public RejectedRows Rejected { get; init; } = RejectedRows.None;

    /// <summary>Requests made to the source; for a provider of somebody else's, calls to its <c>FillMissing</c>.</summary>
    public int Requests { get; init; }

    /// <summary>Why bars could not be filled although nothing failed, for people; null otherwise.</summary>
    public string? Obstacle { get; init; }

    /// <summary>What went wrong, or null. Its message is written for an operator.</summary>
    public Exception? Error { get; init; }
}
