using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies.Replay;

/// <summary>A pipeline's nodes, with places instead of references: which node reads which, and which a bar of a stream reaches.</summary>
internal sealed class PipelineGraph
{
    private readonly BarInterval[] _intervals;
    private readonly bool _isByClose;

    /// <summary>The graph of nodes that are in topological order.</summary>
    /// <exception cref="InvalidOperationException">A node that is no stream has no input.</exception>
    public PipelineGraph(IReadOnlyList<Node> nodes, PipelineOptions options)
    {
        Nodes = nodes;
        Streams = [.. nodes.OfType<StreamInput>()];
        LateBars = new LateBars(options.OnWarning);
        _intervals = [.. Streams.Select(stream => stream.Interval)];
        _isByClose = options.Order == BarOrder.Close;
        var places = new Dictionary<Node, int>(ReferenceEqualityComparer.Instance);
        StreamPlaces = new int[Streams.Count];
        var reached = new bool[nodes.Count][];
        var steps = new List<NodeStep>();
        int streams = 0;
        for (int place = 0; place < nodes.Count; place++)
        {
            Node node = nodes[place];
            places.Add(node, place);
            reached[place] = new bool[Streams.Count];
            if (node is StreamInput)
            {
                reached[place][streams] = true;
                StreamPlaces[streams++] = place;
                continue;
            }

            if (node.Inputs.Count == 0)
            {
                throw new InvalidOperationException(
                    $"The node '{node.Name}' has no input, so nothing would ever make it compute. Give it a stream or another node.");
            }

            int[] inputs = [.. node.Inputs.Select(input => places[input])];
            foreach (int input in inputs)
            {
                for (int stream = 0; stream < Streams.Count; stream++)
                {
                    reached[place][stream] |= reached[input][stream];
                }
            }

            steps.Add(new NodeStep(node, place, inputs, inputs.Select(input => reached[input]), this, options.OnMissing));
        }

        Steps = [.. steps];
        Reached = [.. Enumerable.Range(0, Streams.Count).Select(stream => Steps.Where(step => step.IsReachedBy(stream)).ToArray())];
    }

    /// <summary>All nodes, in topological order; a node's place is its index here.</summary>
    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>The streams among them, in the same order.</summary>
    public IReadOnlyList<StreamInput> Streams { get; }

    /// <summary>The place of each stream among the nodes.</summary>
    public int[] StreamPlaces { get; }

    /// <summary>The nodes that compute, in topological order.</summary>
    public NodeStep[] Steps { get; }

    /// <summary>For each stream the nodes that one of its bars can make compute, in topological order.</summary>
    public NodeStep[][] Reached { get; }

    /// <summary>The live bars that came after newer ones.</summary>
    public LateBars LateBars { get; }

    /// <summary>The instant of a bar that counts for the order: its open, or the last second in which it is not known yet.</summary>
    public long InstantOf(int stream, long open) => _isByClose ? _intervals[stream].Next(open) - 1 : open;

    /// <summary>Takes all nodes that compute for one pipeline, or none of them.</summary>
    /// <returns>A node that another pipeline has; null where all were taken.</returns>
    public Node? TryClaimNodes(Pipeline user)
    {
        NodeStep? taken = Array.Find(Steps, step => !step.Node.TryClaim(user));
        if (taken is not null)
        {
            ReleaseNodes(user);
        }

        return taken?.Node;
    }

    /// <summary>Gives back the nodes that the pipeline has.</summary>
    public void ReleaseNodes(Pipeline user)
    {
        foreach (NodeStep step in Steps)
        {
            step.Node.Release(user);
        }
    }

    /// <summary>The place of a stream among the streams, or -1.</summary>
    public int IndexOf(StreamInput stream)
    {
        for (int i = 0; i < Streams.Count; i++)
        {
            if (ReferenceEquals(Streams[i], stream))
            {
                return i;
            }
        }

        return -1;
    }
}
