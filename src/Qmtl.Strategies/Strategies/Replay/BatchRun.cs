using System.Diagnostics;
using Qmtl.Payloads;
using Qmtl.Streams;

namespace Qmtl.Strategies.Replay;

/// <summary>One way to process a batch. Whatever the way, the results are the same and come in the order of bars, then of nodes.</summary>
internal abstract class BatchRun(PipelineGraph graph, int barsPerBatch)
{
    /// <summary>
    /// How many bars of the batch were processed; the last of them may have failed in a node. Whoever fills the batch anew sets it to 0.
    /// </summary>
    public int Processed { get; set; }

    protected PipelineGraph Graph => graph;

    protected int Stride => barsPerBatch;

    // Each node has room for its results of one batch. What stands there of earlier batches is never read: a node reads only
    // inputs that the bar reaches, and those have all been written for this bar before.
    protected Payload[] Outputs { get; } = new Payload[graph.Nodes.Count * barsPerBatch];

    // How long each node has taken so far, in ticks of the stopwatch. One node is run by one thread at a time.
    protected long[] Elapsed { get; } = new long[graph.Nodes.Count];

    /// <summary>Tells the meter how long each node has taken in this replay.</summary>
    public void Report()
    {
        foreach (NodeStep step in graph.Steps.Where(step => Elapsed[step.Place] > 0))
        {
            NodeInstruments.Shared.RecordReplay(step.Node.Key, Stopwatch.GetElapsedTime(0, Elapsed[step.Place]));
        }
    }

    /// <summary>Processes the bars and hands on what the nodes compute.</summary>
    /// <exception cref="NodeFailedException">A node threw. All results before that one were handed on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public abstract void Run(EventBatch batch, Action<NodeResult> onResult, CancellationToken cancellationToken);
}
