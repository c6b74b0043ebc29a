using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// What one node does when a bar has come: takes the results of its inputs into its cache and, where it is ready, computes.
/// </summary>
internal sealed class NodeStep
{
    private readonly int[] _inputs;
    private readonly StreamKey[] _keys;
    private readonly bool[] _isStream;

    // Only of a stream does a hole mean that something is missing; a node that computed nothing for a bar had nothing to say.
    private readonly StreamKey[] _streamKeys;
    private readonly bool _failOnMissing;
    private readonly bool _needsAll;
    private readonly PipelineGraph _graph;

    // For each stream the inputs that its bars reach; null where they reach none.
    private readonly int[]?[] _reachedInputs;
    private readonly bool[] _hasOtherInterval;

    /// <summary>The step of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="place">Its place in the topological order.</param>
    /// <param name="inputs">The places of its inputs.</param>
    /// <param name="reached">For each input, which streams' bars reach it.</param>
    /// <param name="graph">The graph that it is a step of.</param>
    /// <param name="onMissing">What happens at a gap.</param>
    public NodeStep(Node node, int place, int[] inputs, IEnumerable<bool[]> reached, PipelineGraph graph, OnMissing onMissing)
    {
        IReadOnlyList<StreamInput> streams = graph.Streams;
        Node = node;
        Place = place;
        InputPlaces = inputs;
        _inputs = inputs;
        _keys = [.. node.Inputs.Select(input => input.Key)];
        _isStream = [.. node.Inputs.Select(input => input is StreamInput)];
        _streamKeys = [.. node.Inputs.OfType<StreamInput>().Select(input => input.Key)];
        _failOnMissing = onMissing == OnMissing.Fail;
        _graph = graph;
        _needsAll = node.Trigger == NodeTrigger.AllInputs && inputs.Length > 1;
        bool[][] ofInput = [.. reached];
        _reachedInputs = [.. Enumerable.Range(0, streams.Count).Select(stream => ReachedInputs(ofInput, stream))];
        _hasOtherInterval = [.. streams.Select(stream => stream.Interval != node.Interval)];
        int[] reachedBy = [.. Enumerable.Range(0, streams.Count).Where(IsReachedBy)];
        OnlyStream = reachedBy.Length == 1 ? reachedBy[0] : null;
    }

    /// <summary>The node.</summary>
    public Node Node { get; }

    /// <summary>Its place in the topological order.</summary>
    public int Place { get; }

    /// <summary>The places of its inputs.</summary>
    public IReadOnlyList<int> InputPlaces { get; }

    /// <summary>The one stream whose bars reach the node; null where there are several.</summary>
    public int? OnlyStream { get; }

    /// <summary>Whether bars of the stream reach the node.</summary>
    public bool IsReachedBy(int stream) => _reachedInputs[stream] is not null;

    /// <summary>The open of the node's bar that a result for the stream's bar is of.</summary>
    public long TimestampOf(int stream, long timestamp) =>
        _hasOtherInterval[stream] ? Node.Interval.Floor(_graph.InstantOf(stream, timestamp)) : timestamp;

    /// <summary>
    /// Takes in the results of the inputs and computes. From one that is older than another of its input it does not compute: the node
    /// would see the newer one and give its value for the older.
    /// </summary>
    /// <param name="outputs">The results of all nodes: of the node at place p for the bar at a in <c>[p * stride + a]</c>.</param>
    /// <param name="stride">How many bars a node has room for.</param>
    /// <param name="at">The bar.</param>
    /// <param name="stream">The stream that the bar is of; it reaches this node.</param>
    /// <param name="timestamp">The bar's open.</param>
    public Payload Run(Payload[] outputs, int stride, int at, int stream, long timestamp)
    {
        NodeCache cache = Node.Cache;
        Payload passedOn = default;
        bool isLate = false;
        long instant = _graph.InstantOf(stream, timestamp);
        foreach (int input in _reachedInputs[stream]!)
        {
            ref readonly Payload payload = ref outputs[_inputs[input] * stride + at];
            if (payload.IsNone)
            {
                continue;
            }

            if (passedOn.IsNone)
            {
                passedOn = payload;
            }

            cache.Append(_keys[input], _isStream[input] ? timestamp : instant, payload, out long? newer);
            if (newer is not null)
            {
                isLate = true;
                _graph.LateBars.Note(_graph.Streams[stream].Key, timestamp, Node, _keys[input], newer.Value);
            }
        }

        if (passedOn.IsNone || !Node.Executes)
        {
            return passedOn;
        }

        return !isLate && (!_needsAll || HasAll(cache, instant)) && IsReady(cache) && !IsMissing(cache)
            ? Node.Compute(cache.View)
            : Payload.None;
    }

    private static int[]? ReachedInputs(bool[][] ofInput, int stream)
    {
        int[] inputs = [.. Enumerable.Range(0, ofInput.Length).Where(input => ofInput[input][stream])];
        return inputs.Length > 0 ? inputs : null;
    }

    // Whether the newest bar of each input is the one that the instant lies in.
    private bool HasAll(NodeCache cache, long instant)
    {
        foreach (StreamKey key in _keys)
        {
            if (cache.LastTimestamp(key) != key.Interval.Floor(instant))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsReady(NodeCache cache)
    {
        foreach (StreamKey key in _keys)
        {
            if (!cache.IsReady(key))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsMissing(NodeCache cache)
    {
        foreach (StreamKey key in _streamKeys)
        {
            if (cache.IsMissing(key))
            {
                return _failOnMissing ? throw Missing(cache, key) : true;
            }
        }

        return false;
    }

    private static MissingBarsException Missing(NodeCache cache, StreamKey key)
    {
        ReadOnlySpan<long> newest = cache.Slice(key, 2).Timestamps;

        // With a period of one bar, the one before the hole is gone; the bar right before the newest is missing in any case.
        long last = key.Interval.Previous(newest[^1]);
        return new MissingBarsException(key, new TimeRange(newest.Length > 1 ? key.Interval.Next(newest[0]) : last, last));
    }
}
