using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Qmtl.Backfill;
using Qmtl.Data;

namespace Qmtl.Keeping;

/// <summary>What the lanes of a keeper share: the clock, and who is told.</summary>
/// <param name="clock">The clock.</param>
/// <param name="onOutcome">Told what became of each visit.</param>
/// <param name="onEvent">Told of everything that happens.</param>
/// <param name="log">Makes the loggers that are told the same.</param>
/// <param name="onChange">Told of each stream of which the store may now know more.</param>
internal sealed class KeeperWorld(
    TimeProvider clock, Action<KeepOutcome>? onOutcome, Action<BackfillEvent>? onEvent, ILoggerFactory? log, Action<StreamKey> onChange)
{
    /// <summary>The clock.</summary>
    public TimeProvider Clock => clock;

    /// <summary>Told of everything that happens; null for nobody.</summary>
    public Action<BackfillEvent>? OnEvent => onEvent;

    /// <summary>Makes loggers; null for none.</summary>
    public ILoggerFactory? Log => log;

    /// <summary>The keeper's own logger.</summary>
    public ILogger Logger { get; } = log?.CreateLogger<HistoryKeeper>() ?? (ILogger)NullLogger.Instance;

    /// <summary>Tells what became of a visit.</summary>
    public void Tell(KeepOutcome outcome)
    {
        onOutcome?.Invoke(outcome);
        onChange(outcome.Kept.Stream);
    }
}
