using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Streams;

namespace Qmtl.Strategies.Replay;

/// <summary>One replay: its batch, how batches are processed, and what is recorded of them.</summary>
internal sealed class ReplaySession
{
    // For each node a batch has room for a result of each bar; with very many nodes, batches are smaller instead.
    private const int MaximumResultsPerBatch = 1 << 20;

    private readonly PipelineGraph _graph;
    private readonly BatchRun _run;
    private readonly BatchRecorder _recorder;
    private readonly Func<Action, Task>? _executor;
    private readonly Action<int> _onProcessed;

    /// <summary>A replay, which begins with empty caches in all nodes that compute.</summary>
    /// <param name="graph">The nodes.</param>
    /// <param name="options">How they work.</param>
    /// <param name="onProcessed">Told of each batch how many of its bars were processed.</param>
    public ReplaySession(PipelineGraph graph, PipelineOptions options, Action<int> onProcessed)
    {
        _graph = graph;
        int capacity = options.Parallel
            ? Math.Clamp(options.BarsPerBatch, 1, Math.Max(1, MaximumResultsPerBatch / graph.Nodes.Count))
            : options.BarsPerBatch;
        Batch = new EventBatch(capacity, graph.Streams.Count);
        _run = options.Parallel ? new ParallelRun(graph, capacity, options) : new SequentialRun(graph);
        _recorder = new BatchRecorder(graph.Streams);
        _executor = options.Executor;
        _onProcessed = onProcessed;
        graph.LateBars.Clear();
        foreach (NodeStep step in graph.Steps)
        {
            foreach (StreamKey upstream in step.Node.Cache.Upstreams.ToArray())
            {
                step.Node.Cache.Drop(upstream);
            }
        }
    }

    /// <summary>The bars to process next.</summary>
    public EventBatch Batch { get; }

    /// <summary>Tells the meter how long each node has taken; to be called once, at the end.</summary>
    public void Report() => _run.Report();

    /// <summary>Processes and records the batch on this thread.</summary>
    public void Run(Action<NodeResult> onResult, CancellationToken cancellationToken)
    {
        _run.Processed = 0;
        try
        {
            _run.Run(Batch, onResult, cancellationToken);
        }
        finally
        {
            _onProcessed(_run.Processed);
            foreach ((StreamInput stream, BarFrame rows) in _recorder.RowsOf(Batch, _run.Processed))
            {
                stream.EventService!.Record(stream.Key, rows, cancellationToken);
            }
        }
    }

    /// <summary>Processes the batch where the executor wants it, then records it.</summary>
    public async Task RunAsync(Action<NodeResult> onResult, CancellationToken cancellationToken)
    {
        _run.Processed = 0;
        try
        {
            if (_executor is null)
            {
                _run.Run(Batch, onResult, cancellationToken);
            }
            else
            {
                await _executor(() => _run.Run(Batch, onResult, cancellationToken));
            }
        }
        finally
        {
            _onProcessed(_run.Processed);
            foreach ((StreamInput stream, BarFrame rows) in _recorder.RowsOf(Batch, _run.Processed))
            {
                await stream.EventService!.RecordAsync(stream.Key, rows, cancellationToken);
            }
        }
    }

    /// <summary>Fills the batch from the pages and yields each time that it is ready to be processed.</summary>
    /// <param name="pages">The pages.</param>
    public async IAsyncEnumerable<EventBatch> FillAsync(IReplayPages pages)
    {
        var merge = new StreamMerge(_graph);
        for (int stream = 0; stream < _graph.Streams.Count; stream++)
        {
            merge.SetPage(stream, await pages.NextAsync(stream));
        }

        do
        {
            Batch.Clear();
            for (int usedUp = merge.Fill(Batch); usedUp >= 0; usedUp = merge.Fill(Batch))
            {
                merge.SetPage(usedUp, await pages.NextAsync(usedUp));
            }

            yield return Batch;
        }
        while (Batch.IsFull);
    }

    /// <summary>
    /// Fills the batch with bars as they arrive, in the order that they would have in a replay, and yields each time that it is to be
    /// processed: when it is full, or nothing more is known to come next.
    /// </summary>
    /// <param name="arrivals">The bars.</param>
    /// <param name="cancellationToken">Ends the wait for more.</param>
    public async IAsyncEnumerable<EventBatch> FillAsync(
        IBarArrivals arrivals, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var merge = new StreamMerge(_graph);
        var latest = new BarArrival[_graph.Streams.Count];
        for (int stream = 0; stream < latest.Length; stream++)
        {
            merge.Await(stream, DateTimeOffset.MinValue.ToUnixTimeSeconds());
        }

        while (await arrivals.NextAsync(cancellationToken) is { } first)
        {
            BarArrival arrival = first;
            do
            {
                latest[arrival.Stream] = arrival;
                merge.Await(arrival.Stream, arrival is { Page: null, IsAwaited: true } ? arrival.Next : null);
                merge.SetPage(arrival.Stream, arrival.Page);
            }
            while (arrivals.TryNext(out arrival));

            do
            {
                Batch.Clear();
                for (int usedUp = merge.Fill(Batch); usedUp >= 0; usedUp = merge.Fill(Batch))
                {
                    merge.Await(usedUp, latest[usedUp].IsAwaited ? latest[usedUp].Next : null);
                    arrivals.AskFor(usedUp);
                }

                if (Batch.Count > 0)
                {
                    yield return Batch;
                }
            }
            while (Batch.IsFull);
        }
    }
}

/// <summary>Where the bars of a replay come from.</summary>
internal interface IReplayPages : IAsyncDisposable
{
    /// <summary>The next page of a stream, with at least one bar, all of them after those of the page before; null at its end.</summary>
    ValueTask<BarFrame?> NextAsync(int stream);
}
