using System.Diagnostics;
using Qmtl.Payloads;

namespace Qmtl.Strategies.Replay;

/// <summary>Processes one bar after the other, and for each the nodes one after the other, all on the caller's thread.</summary>
internal sealed class SequentialRun(PipelineGraph graph) : BatchRun(graph, 1)
{
    // Reading the clock costs as much as a fast node, so few bars are timed, and each stands for all of them.
    private const int BarsPerSample = 32;

    public override void Run(EventBatch batch, Action<NodeResult> onResult, CancellationToken cancellationToken)
    {
        for (Processed = 0; Processed < batch.Count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ref readonly EventBatch.Event bar = ref batch[Processed++];
            Run(
                bar.Stream,
                bar.Timestamp,
                Payload.FromBar(bar.Frame.GetRow(bar.Row)),
                onResult,
                isTimed: Processed % BarsPerSample == 1,
                cancellationToken);
        }
    }

    /// <summary>Processes one bar.</summary>
    public void Run(
        int stream, long timestamp, Payload payload, Action<NodeResult> onResult, CancellationToken cancellationToken = default) =>
        Run(stream, timestamp, payload, onResult, isTimed: false, cancellationToken);

    private void Run(
        int stream, long timestamp, Payload payload, Action<NodeResult> onResult, bool isTimed, CancellationToken cancellationToken)
    {
        Payload[] outputs = Outputs;
        outputs[Graph.StreamPlaces[stream]] = payload;
        foreach (NodeStep step in Graph.Reached[stream])
        {
            long started = isTimed ? Stopwatch.GetTimestamp() : 0;
            Payload result = Run(step, stream, timestamp, cancellationToken);
            Elapsed[step.Place] += isTimed ? (Stopwatch.GetTimestamp() - started) * BarsPerSample : 0;
            outputs[step.Place] = result;
            if (!result.IsNone && step.Node.Executes)
            {
                onResult(new NodeResult(step.Node, step.TimestampOf(stream, timestamp), result));
            }
        }
    }

    private Payload Run(NodeStep step, int stream, long timestamp, CancellationToken cancellationToken)
    {
        try
        {
            return step.Run(Outputs, Stride, at: 0, stream, timestamp);
        }
        catch (Exception cause) when (cause is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new NodeFailedException(step.Node, Graph.Streams[stream].Key, timestamp, cause);
        }
    }
}
