using Microsoft.Extensions.Logging;
using Qmtl.Running.Gateway;
using Qmtl.Running.Gateway.Watching;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;

namespace Qmtl.Running;

/// <summary>How a <see cref="Runner"/> works, and who is told what happens.</summary>
public sealed record RunnerOptions
{
    /// <summary>How the nodes compute.</summary>
    /// <value>The pipeline's defaults.</value>
    public PipelineOptions Pipeline { get; init; } = new();

    /// <summary>How the streams get their history. Its <see cref="HistoryWarmupOptions.OnMissing"/> decides what a hole that no source can fill means.</summary>
    /// <value>The warm-up's defaults.</value>
    public HistoryWarmupOptions Warmup { get; init; } = new();

    /// <summary>How the gateway is spoken to.</summary>
    /// <value>The client's defaults. Not used where <see cref="GatewayClients"/> are given.</value>
    public GatewayClientOptions Gateway { get; init; } = new();

    /// <summary>The clients of gateways, where several runners are to share them.</summary>
    /// <value>Null, the default: the runner has one for each gateway, for all its runs.</value>
    public GatewayClientPool? GatewayClients { get; init; }

    /// <summary>What the run's results count as at the gateway: <c>backtest</c> or <c>dryrun</c>, to which it is told that nothing later than now is known, or <c>shadow</c> or <c>live</c> where live bars follow.</summary>
    /// <value><c>backtest</c> by default, for a replay. Late gateways ask the world instead.</value>
    public string ExecutionDomain { get; init; } = "backtest";

    /// <summary>How the gateway is watched for what the strategy may do.</summary>
    /// <value>The watcher's defaults.</value>
    public ActivationWatcherOptions Activation { get; init; } = new();

    /// <summary>Told of each stream's warm-up as soon as it is done. It must return quickly and not throw.</summary>
    /// <value>Null by default.</value>
    public Action<WarmupResult>? OnWarmedUp { get; init; }

    /// <summary>Told what an operator must know, such as a downgraded strategy, from any thread. It must return quickly and not throw.</summary>
    /// <value>Null by default: nobody is told.</value>
    public Action<string>? OnWarning { get; init; }

    /// <summary>Told of everything that happens at the gateway, from any thread. It must return quickly and not throw.</summary>
    /// <value>Null by default.</value>
    public Action<GatewayEvent>? OnGatewayEvent { get; init; }

    /// <summary>Makes the logger that is told of warm-ups and their backfills, of nodes that fail, and of the gateway.</summary>
    /// <value>Null by default: nothing is logged.</value>
    public ILoggerFactory? LoggerFactory { get; init; }
}
