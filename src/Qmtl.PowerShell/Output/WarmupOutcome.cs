using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Output;

/// <summary>What became of the warm-up of one stream. Loaded, empty and missing bars together are the bars of its window.</summary>
public sealed class WarmupOutcome : HistoryOutcome
{
    private readonly StreamInput _stream;

    internal WarmupOutcome(WarmupResult result)
        : base(result.Input.HistoryProvider, result, $"{result.Stream}") => _stream = result.Input;

    /// <summary>
    /// How it ended. <c>Ready</c>: every bar of the window is in the cache or known not to exist. <c>Incomplete</c>: what exists is in the
    /// cache, but bars that should exist are missing; the run can go on, and nodes skip the steps at the holes. <c>Failed</c>: an error
    /// ended it, or bars are missing where none may be; what was loaded before is in the cache.
    /// </summary>
    public string Status => Result.Status switch
    {
        BackfillStatus.Failed => "Failed",
        BackfillStatus.Completed => "Ready",
        _ => "Incomplete",
    };

    /// <summary>Bars of the window that are in the cache.</summary>
    public long BarsLoaded => Result.BarsLoaded;

    /// <summary>Bars that a source supplied because the provider lacked them.</summary>
    public long BarsFilled => Result.BarsWritten;

    /// <summary>The stream.</summary>
    public string Stream => _stream.ToString();

    /// <summary>The stream itself.</summary>
    public static StreamInput? GetStream(PSObject outcome) => (outcome?.BaseObject as WarmupOutcome)?._stream;
}
