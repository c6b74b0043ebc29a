using Microsoft.Extensions.Logging;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;

namespace Qmtl.Running;

/// <summary>How a <see cref="Runner"/> works, and who is told what happens.</summary>
public sealed record RunnerOptions
{
    /// <summary>How the nodes compute.</summary>
    /// <value>The pipeline's defaults.</value>
    public PipelineOptions Pipeline { get; init; } = new();

    /// <summary>
    /// How the streams get their history. Its <see cref="HistoryWarmupOptions.OnMissing"/> decides what a hole that no source can fill
    /// means.
    /// </summary>
    /// <value>The warm-up's defaults.</value>
    public HistoryWarmupOptions Warmup { get; init; } = new();

    /// <summary>
    /// Told what an operator must know, such as a period that is too short, from any thread. It must return quickly and not throw.
    /// </summary>
    /// <value>Null by default: nobody is told.</value>
    public Action<string>? OnWarning { get; init; }

    /// <summary>Makes the logger that is told of warm-ups and their backfills and of nodes that fail.</summary>
    /// <value>Null by default: nothing is logged.</value>
    public ILoggerFactory? LoggerFactory { get; init; }
}
