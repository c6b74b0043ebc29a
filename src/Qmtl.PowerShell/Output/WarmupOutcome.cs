using Qmtl.Backfill;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Output;

/// <summary>What became of the warm-up of one stream. Loaded, empty and missing bars together are the bars of its window.</summary>
public sealed class WarmupOutcome : HistoryOutcome
{
    internal WarmupOutcome(WarmupResult result)
        : base(result.Input.HistoryProvider, result, $"{result.Stream}") => Stream = result.Input;

    /// <summary>How it ended.</summary>
    public WarmupStatus Status => Result.Status switch
    {
        BackfillStatus.Failed => WarmupStatus.Failed,
        BackfillStatus.Completed => WarmupStatus.Ready,
        _ => WarmupStatus.Incomplete,
    };

    /// <summary>Bars of the window that are in the cache.</summary>
    public long BarsLoaded => Result.BarsLoaded;

    /// <summary>Bars that a source supplied because the provider lacked them.</summary>
    public long BarsFilled => Result.BarsWritten;

    /// <summary>The stream.</summary>
    public StreamInput Stream { get; }
}

/// <summary>How the warm-up of a stream ended.</summary>
public enum WarmupStatus
{
    /// <summary>Every bar of the window is in the cache or known not to exist.</summary>
    Ready,

    /// <summary>
    /// What exists is in the cache, but bars that should exist are missing. The run can go on; nodes skip the steps at the holes.
    /// </summary>
    Incomplete,

    /// <summary>An error ended it, or bars are missing where none may be. What was loaded before is in the cache.</summary>
    Failed,
}
