using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Strategies.Replay;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies;

/// <summary>
/// Takes bars through the nodes of a strategy. For each bar of a stream, every node that it concerns computes at most once, after its
/// inputs; results come in the order of bars, then of nodes.
/// </summary>
/// <remarks>
/// <para>A node computes when one of its inputs has a new result and each of its inputs holds <see cref="Node.Period"/> bars. It then sees
/// its inputs as they are at that bar: what is computed of this bar is new in all of them, while streams whose bars of that time come after
/// it still show the ones before. A node that must not see such a mixture of times has the trigger
/// <see cref="NodeTrigger.AllInputs"/>.</para>
/// <para>Each processed bar of a stream with an <see cref="StreamInput.EventService"/> is recorded through it.</para>
/// <para>A pipeline does one thing at a time: calls of <see cref="Feed(StreamInput, long, Payload)"/> from several threads wait for one
/// another, and during a replay nothing else can be done. So does a node: pipelines may share nodes that compute, but not use them at
/// once. Streams can be shared freely.</para>
/// </remarks>
public sealed partial class Pipeline
{
    private readonly PipelineGraph _graph;
    private readonly PipelineOptions _options;
    private readonly SequentialRun _sequential;
    private readonly Lock _gate = new();
    private bool _busy;
    private long _barsReplayed;

    /// <summary>A pipeline of a strategy's nodes.</summary>
    /// <inheritdoc cref="Pipeline(IEnumerable{Node}, PipelineOptions?)"/>
    public Pipeline(Strategy strategy, PipelineOptions? options = null)
        : this(NodesOf(strategy), options)
    {
    }

    /// <summary>A pipeline of nodes and of all that they compute from.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its limits.</exception>
    /// <exception cref="InvalidOperationException">The nodes form a cycle, two different ones have the same id and interval, or one has no
    /// input.</exception>
    public Pipeline(IEnumerable<Node> nodes, PipelineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        _options = options ?? new PipelineOptions();
        _options.Validate();
        _graph = new PipelineGraph(NodeGraph.Order(nodes), _options);
        _sequential = new SequentialRun(_graph);
    }

    /// <summary>All nodes, inputs before what computes from them.</summary>
    public IReadOnlyList<Node> Nodes => _graph.Nodes;

    /// <summary>The streams among them, in the order that counts where bars open at the same time.</summary>
    public IReadOnlyList<StreamInput> Streams => _graph.Streams;

    /// <summary>
    /// How many bars of all streams the last replay has processed, or the running one so far. Bars that were fed do not count, those that a
    /// run went on with (<c>Runner.FollowAsync</c>) do.
    /// </summary>
    public long BarsReplayed => Volatile.Read(ref _barsReplayed);

    /// <summary>
    /// How many live bars since the last replay began came after newer ones, so that nodes computed nothing for them. The first of each
    /// stream is told to <see cref="PipelineOptions.OnWarning"/>.
    /// </summary>
    public long LateBars => _graph.LateBars.Count;

    /// <summary>
    /// Processes one live bar: it goes into the stream's cache, where it wins over a backfilled one, is recorded, and makes nodes compute.
    /// </summary>
    /// <remarks>
    /// A bar at the newest time of its stream is an update: nodes compute again. One that is older than what a node has taken in of the
    /// stream is kept and recorded and counts for the bars that follow, but nothing is computed for it (<see cref="LateBars"/>).
    /// </remarks>
    /// <param name="stream">The stream.</param>
    /// <param name="timestamp">The bar's time: Unix seconds, UTC; moved down to the stream's grid.</param>
    /// <param name="payload">
    /// The bar; <see cref="Payload.None"/> does nothing. A dictionary or an object with public properties is a bar with a column for each
    /// field, in the cache as in the recorder.
    /// </param>
    /// <returns>What the nodes computed, in order.</returns>
    /// <exception cref="ArgumentException">The stream is none of this pipeline's, the timestamp is no Unix seconds before the year 2100, or
    /// a field of the payload is what no column holds.</exception>
    /// <exception cref="InvalidOperationException">A replay is running, a result's receiver feeds in turn, or another pipeline is using one
    /// of the nodes.</exception>
    /// <exception cref="NodeFailedException">A node threw. Nodes before it have computed, and the next bar can be fed.</exception>
    public IReadOnlyList<NodeResult> Feed(StreamInput stream, long timestamp, Payload payload)
    {
        int index = RequireStream(stream);
        var results = new List<NodeResult>();
        lock (_gate)
        {
            Begin();
            try
            {
                Feed(index, stream.Interval.Floor(timestamp), payload, results.Add);
            }
            finally
            {
                End();
            }
        }

        return results;
    }

    /// <summary>Processes live bars of one stream, one after the other, as <see cref="Feed(StreamInput, long, Payload)"/> does.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="bars">The bars.</param>
    /// <param name="onResult">Told of each result, in order, on this thread.</param>
    /// <exception cref="ArgumentException">The stream is none of this pipeline's, or the bars are of another interval.</exception>
    /// <exception cref="InvalidOperationException">A replay is running, a result's receiver feeds in turn, or another pipeline is using one
    /// of the nodes.</exception>
    /// <exception cref="NodeFailedException">A node threw. Results before it were told.</exception>
    public void Feed(StreamInput stream, BarFrame bars, Action<NodeResult> onResult)
    {
        int index = RequireStream(stream);
        ArgumentNullException.ThrowIfNull(bars);
        ArgumentNullException.ThrowIfNull(onResult);
        if (bars.Interval != stream.Interval)
        {
            throw new ArgumentException($"Bars of {bars.Interval} cannot be fed to the stream {stream.Key}.", nameof(bars));
        }

        lock (_gate)
        {
            Begin();
            try
            {
                for (int row = 0; row < bars.Count; row++)
                {
                    Feed(index, bars.Timestamps[row], Payload.FromBar(bars.GetRow(row)), onResult);
                }
            }
            finally
            {
                End();
            }
        }
    }

    /// <summary>
    /// Waits until everything that was recorded is delivered. Where a recorder's store is away, that is until it is back; what was recorded
    /// is kept meanwhile.
    /// </summary>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        foreach (EventRecorderService service in Recorders)
        {
            await service.FlushAsync(cancellationToken);
        }
    }

    private IEnumerable<EventRecorderService> Recorders =>
        Streams.Select(stream => stream.EventService).OfType<EventRecorderService>().Distinct();

    // At the end of a replay: nobody waits for a store that is away, since what was recorded is safe in its recorder's keeping.
    private async Task DeliverAsync(CancellationToken cancellationToken)
    {
        foreach (Task<bool> delivering in Recorders.Select(service => service.TryFlushAsync(cancellationToken)).ToList())
        {
            await delivering;
        }
    }

    private static IReadOnlyList<Node> NodesOf(Strategy strategy)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        return strategy.Nodes;
    }

    private void Feed(int stream, long timestamp, Payload payload, Action<NodeResult> onResult)
    {
        if (payload.IsNone)
        {
            return;
        }

        StreamInput input = Streams[stream];
        UnixTime.RequireSeconds(timestamp);
        payload = PayloadColumns.AsBar(input.Interval, timestamp, payload);
        input.Cache.Append(input.Key, timestamp, payload);
        input.EventService?.Record(input.Key, timestamp, payload);
        _sequential.Run(stream, timestamp, payload, onResult);
    }

    private int RequireStream(StreamInput stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        int index = _graph.IndexOf(stream);
        return index >= 0
            ? index
            : throw new ArgumentException(
                $"The stream {stream.Key} is none of this pipeline's. Its streams are: "
                    + $"{string.Join(", ", Streams.Select(known => known.Key))}.",
                nameof(stream));
    }

    private void Begin()
    {
        lock (_gate)
        {
            if (_busy)
            {
                throw new InvalidOperationException(
                    "The pipeline is busy with a replay, or with the bar that this is a result of. Feed and replay one after the other.");
            }

            if (_graph.TryClaimNodes(this) is { } taken)
            {
                throw new InvalidOperationException(
                    $"The node '{taken.Name}' is in use by another pipeline, which replays or is fed just now, and both would fill its "
                        + $"cache. Wait until that run has ended, or make nodes of its own for each run.");
            }

            _busy = true;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            _graph.ReleaseNodes(this);
            _busy = false;
        }
    }
}
