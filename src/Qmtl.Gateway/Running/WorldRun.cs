using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Submission;
using Qmtl.Gateway.Watching;
using Qmtl.Running;
using Qmtl.Strategies;
using Qmtl.Streams;

namespace Qmtl.Gateway.Running;

/// <summary>A run in a gateway's world. The gateway is watched until this is disposed.</summary>
public sealed class WorldRun : StrategyRun
{
    private readonly List<Node> _leftOut = [];

    internal WorldRun(Strategy strategy, Pipeline pipeline, SubmissionResult submission)
        : base(strategy, pipeline) => Submission = submission;

    /// <summary>What the gateway made of the strategy.</summary>
    public SubmissionResult Submission { get; }

    /// <summary>Whether the gateway computes every node elsewhere, or one that it needs, so that nothing was done here.</summary>
    public bool IsComputedElsewhere { get; internal set; }

    /// <summary>
    /// What the strategy asks before it acts: closed until the gateway allows it, and again when the run is disposed. Null where
    /// everything is computed elsewhere.
    /// </summary>
    public ActivationGate? Gate => Watcher?.Gate;

    internal ActivationWatcher? Watcher { get; set; }

    /// <summary>
    /// Ends the watching, closes the gate, and lets nodes compute again that the gateway computed elsewhere. Recorders and providers
    /// stay whoever's they are.
    /// </summary>
    public override async ValueTask DisposeAsync()
    {
        foreach (Node node in _leftOut)
        {
            node.Executes = true;
        }

        _leftOut.Clear();
        if (Watcher is not null)
        {
            await Watcher.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    /// <summary>Switches a node off until the run is disposed.</summary>
    internal void LeaveOut(Node node)
    {
        node.Executes = false;
        _leftOut.Add(node);
    }
}
