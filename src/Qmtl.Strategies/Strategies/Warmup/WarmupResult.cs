using Qmtl.Data;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies.Warmup;

/// <summary>What became of the warm-up of one stream. Loaded, empty and missing bars together are the bars of the window; filled bars and requests are of this run.</summary>
public sealed record WarmupResult
{
    /// <summary>The stream.</summary>
    public required StreamInput Stream { get; init; }

    /// <summary>The window: as many bars as the stream's period, by their opens (Unix seconds, UTC), up to the last that has closed, both ends included.</summary>
    public required TimeRange Range { get; init; }

    /// <summary>How it ended.</summary>
    public required WarmupStatus Status { get; init; }

    /// <summary>Bars of the window that are in the cache.</summary>
    public long BarsLoaded { get; init; }

    /// <summary>Bars that a source supplied because the provider lacked them.</summary>
    public long BarsFilled { get; init; }

    /// <summary>Bars of the window that do not exist: a source was asked for them and has none.</summary>
    public long BarsEmpty { get; init; }

    /// <summary>Bars of the window that should exist and are not there.</summary>
    public long BarsMissing { get; init; }

    /// <summary>Rows of answers that are no bars of the stream and were left out, by reason.</summary>
    public RejectedRows Rejected { get; init; } = RejectedRows.None;

    /// <summary>Requests made to the source; for a provider of somebody else's, calls to its <c>FillMissing</c>.</summary>
    public int Requests { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>What went wrong, or null. Its message is written for an operator.</summary>
    public Exception? Error { get; init; }
}
