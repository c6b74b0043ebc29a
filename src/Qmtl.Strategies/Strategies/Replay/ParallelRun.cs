using System.Diagnostics;
using Qmtl.Payloads;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// Processes a whole batch node by node, nodes that do not compute from one another at once. A node's cache is its own, so each node sees
/// exactly what it would see bar by bar; what all computed is handed on afterwards, in the order of bars, then of nodes.
/// </summary>
internal sealed class ParallelRun : BatchRun
{
    private const int BarsBetweenLooksAtToken = 256;
    private const long NoFailure = long.MaxValue;

    private readonly ParallelPlan _plan;
    private readonly ParallelOptions _parallel;
    private readonly Lock _gate = new();

    // Where the first failure in the order of bars, then of nodes, stands so far. Nobody needs results beyond it.
    private long _firstFailure;
    private NodeFailedException? _failure;

    public ParallelRun(PipelineGraph graph, int barsPerBatch, PipelineOptions options)
        : base(graph, barsPerBatch)
    {
        _plan = new ParallelPlan(graph, options.CanComputeInParallel);
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = options.MaxDegreeOfParallelism };
    }

    public override void Run(EventBatch batch, Action<NodeResult> onResult, CancellationToken cancellationToken)
    {
        Processed = 0;
        _firstFailure = NoFailure;
        _failure = null;
        for (int at = 0; at < batch.Count; at++)
        {
            ref readonly EventBatch.Event bar = ref batch[at];
            Outputs[Graph.StreamPlaces[bar.Stream] * Stride + at] = Payload.FromBar(bar.Frame.GetRow(bar.Row));
        }

        RunLevels(_plan.Before, batch, cancellationToken);
        RunOrdered(batch, cancellationToken);
        RunLevels(_plan.After, batch, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        HandOn(batch, onResult);
    }

    private static long OrderOf(int at, NodeStep step) => ((long)at << 32) | (uint)step.Place;

    private void RunLevels(NodeStep[][] levels, EventBatch batch, CancellationToken cancellationToken)
    {
        foreach (NodeStep[] level in levels)
        {
            if (level.Length == 1)
            {
                RunNode(level[0], batch, cancellationToken);
            }
            else
            {
                Parallel.For(0, level.Length, _parallel, i => RunNode(level[i], batch, cancellationToken));
            }
        }
    }

    private void RunNode(NodeStep step, EventBatch batch, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        ReadOnlySpan<int> bars = step.OnlyStream is { } stream ? batch.OfStream(stream) : batch.All;
        for (int i = 0; i < bars.Length; i++)
        {
            bool stop = (i % BarsBetweenLooksAtToken == 0 && cancellationToken.IsCancellationRequested)
                || !TryRun(step, batch, bars[i], cancellationToken);
            if (stop)
            {
                break;
            }
        }

        Elapsed[step.Place] += Stopwatch.GetTimestamp() - started;
    }

    private void RunOrdered(EventBatch batch, CancellationToken cancellationToken)
    {
        if (_plan.Ordered.Length == 0)
        {
            return;
        }

        for (int at = 0; at < batch.Count; at++)
        {
            foreach (NodeStep step in _plan.Ordered)
            {
                long started = Stopwatch.GetTimestamp();
                if (cancellationToken.IsCancellationRequested || !TryRun(step, batch, at, cancellationToken))
                {
                    return;
                }

                Elapsed[step.Place] += Stopwatch.GetTimestamp() - started;
            }
        }
    }

    /// <summary>Runs a node for one bar; false where neither it nor anything after it in the order has to run any more.</summary>
    private bool TryRun(NodeStep step, EventBatch batch, int at, CancellationToken cancellationToken)
    {
        ref readonly EventBatch.Event bar = ref batch[at];
        if (!step.IsReachedBy(bar.Stream))
        {
            return true;
        }

        if (OrderOf(at, step) > Volatile.Read(ref _firstFailure))
        {
            return false;
        }

        try
        {
            Outputs[step.Place * Stride + at] = step.Run(Outputs, Stride, at, bar.Stream, bar.Timestamp);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception cause)
        {
            NoteFailure(OrderOf(at, step), new NodeFailedException(step.Node, Graph.Streams[bar.Stream].Key, bar.Timestamp, cause));
            return false;
        }
    }

    private void NoteFailure(long order, NodeFailedException failure)
    {
        lock (_gate)
        {
            if (order < _firstFailure)
            {
                Volatile.Write(ref _firstFailure, order);
                _failure = failure;
            }
        }
    }

    private void HandOn(EventBatch batch, Action<NodeResult> onResult)
    {
        for (int at = 0; at < batch.Count; at++)
        {
            Processed = at + 1;
            ref readonly EventBatch.Event bar = ref batch[at];
            foreach (NodeStep step in Graph.Reached[bar.Stream])
            {
                if (OrderOf(at, step) >= _firstFailure)
                {
                    throw _failure!;
                }

                ref readonly Payload result = ref Outputs[step.Place * Stride + at];
                if (!result.IsNone && step.Node.Executes)
                {
                    onResult(new NodeResult(step.Node, step.TimestampOf(bar.Stream, bar.Timestamp), result));
                }
            }
        }
    }
}
