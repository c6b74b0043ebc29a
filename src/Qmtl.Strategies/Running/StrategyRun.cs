using Qmtl.Running.Gateway.Activation;
using Qmtl.Running.Gateway.Submission;
using Qmtl.Running.Gateway.Watching;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;

namespace Qmtl.Running;

/// <summary>A strategy whose history has been replayed and to which live bars can be fed. Where it runs in a gateway's world, the gateway is watched until this is disposed.</summary>
public sealed class StrategyRun : IAsyncDisposable
{
    private readonly List<WarmupResult> _warmup = [];
    private readonly List<Node> _leftOut = [];

    internal StrategyRun(Strategy strategy, Pipeline pipeline)
    {
        Strategy = strategy;
        Pipeline = pipeline;
    }

    /// <summary>The strategy.</summary>
    public Strategy Strategy { get; }

    /// <summary>Its nodes at work.</summary>
    public Pipeline Pipeline { get; }

    /// <summary>How each stream got its history, in the order in which they were done.</summary>
    public IReadOnlyList<WarmupResult> Warmup => _warmup;

    /// <summary>How many bars of all streams were replayed; 0 where there was no history.</summary>
    public long BarsReplayed => Pipeline.BarsReplayed;

    /// <summary>How many results the replay gave: of nodes that compute, so none in a strategy of nothing but streams, whatever was replayed.</summary>
    public long Results { get; private set; }

    /// <summary>What the gateway made of the strategy; null in an offline run.</summary>
    public SubmissionResult? Submission { get; internal init; }

    /// <summary>Whether the gateway computes every node elsewhere, or one that it needs, so that nothing was done here.</summary>
    public bool IsComputedElsewhere { get; internal set; }

    /// <summary>What the strategy asks before it acts: closed until the gateway allows it, and again when the run is disposed. Null where no gateway is watched: an offline run never acts.</summary>
    public ActivationGate? Gate => Watcher?.Gate;

    internal ActivationWatcher? Watcher { get; set; }

    /// <summary>Ends the watching, closes the gate, and lets nodes compute again that the gateway computed elsewhere. Recorders and providers stay whoever's they are.</summary>
    public ValueTask DisposeAsync()
    {
        foreach (Node node in _leftOut)
        {
            node.Executes = true;
        }

        _leftOut.Clear();
        return Watcher?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Switches a node off until the run is disposed.</summary>
    internal void LeaveOut(Node node)
    {
        node.Executes = false;
        _leftOut.Add(node);
    }

    internal void Add(WarmupResult result) => _warmup.Add(result);

    internal void Count() => Results++;
}
