using Qmtl.Gateway.Watching;
using Qmtl.Running;

namespace Qmtl.Gateway.Running;

/// <summary>How a <see cref="WorldRunner"/> works, and who is told what happens.</summary>
public sealed record WorldRunnerOptions
{
    /// <summary>How the run itself works, and who is told of it; its warnings and its log get what the gateway says, too.</summary>
    /// <value>The runner's defaults.</value>
    public RunnerOptions Run { get; init; } = new();

    /// <summary>How the gateway is spoken to.</summary>
    /// <value>The client's defaults. Not used where <see cref="GatewayClients"/> are given.</value>
    public GatewayClientOptions Gateway { get; init; } = new();

    /// <summary>The clients of gateways, where several runners are to share them.</summary>
    /// <value>Null, the default: the runner has one for each gateway, for all its runs.</value>
    public GatewayClientPool? GatewayClients { get; init; }

    /// <summary>
    /// What the run's results count as at the gateway: <c>backtest</c> or <c>dryrun</c>, to which it is told that nothing later than now is
    /// known, or <c>shadow</c> or <c>live</c> where live bars follow.
    /// </summary>
    /// <value><c>backtest</c> by default, for a replay. Late gateways ask the world instead.</value>
    public string ExecutionDomain { get; init; } = "backtest";

    /// <summary>How the gateway is watched for what the strategy may do.</summary>
    /// <value>The watcher's defaults.</value>
    public ActivationWatcherOptions Activation { get; init; } = new();

    /// <summary>Told of everything that happens at the gateway, from any thread. It must return quickly and not throw.</summary>
    /// <value>Null by default.</value>
    public Action<GatewayEvent>? OnGatewayEvent { get; init; }
}
