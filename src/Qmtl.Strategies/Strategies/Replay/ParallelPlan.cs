using Qmtl.Streams;

namespace Qmtl.Strategies.Replay;

/// <summary>
/// In which order nodes can process a whole batch. Nodes that may not compute in parallel keep their order among themselves, bar by bar,
/// and with them whatever lies between two of them; all others run level by level before or after these.
/// </summary>
internal sealed class ParallelPlan
{
    /// <summary>The plan for a graph's nodes.</summary>
    /// <param name="graph">The nodes.</param>
    /// <param name="canComputeInParallel">Which of the nodes that may compute in parallel may do so here; null for all.</param>
    public ParallelPlan(PipelineGraph graph, Func<Node, bool>? canComputeInParallel)
    {
        bool[] ordered = new bool[graph.Nodes.Count];
        bool[] after = new bool[graph.Nodes.Count];
        bool[] before = new bool[graph.Nodes.Count];
        foreach (NodeStep step in graph.Steps)
        {
            ordered[step.Place] = !(step.Node.CanComputeInParallel && canComputeInParallel?.Invoke(step.Node) != false);
            after[step.Place] = step.InputPlaces.Any(input => after[input] || ordered[input]);
        }

        foreach (NodeStep step in graph.Steps.Reverse())
        {
            foreach (int input in step.InputPlaces)
            {
                before[input] |= before[step.Place] || ordered[step.Place];
            }
        }

        // Read from the arrays as they were: a node between two ordered ones is after the one and before the other anyway.
        bool[] together = [.. ordered.Select((isOrdered, place) => isOrdered || (after[place] && before[place]))];
        Ordered = [.. graph.Steps.Where(step => together[step.Place])];
        Before = Levels(graph, graph.Steps.Where(step => !together[step.Place] && !after[step.Place]));
        After = Levels(graph, graph.Steps.Where(step => !together[step.Place] && after[step.Place]));
    }

    /// <summary>The nodes that need none of the ordered ones. Those of a level need only levels before it.</summary>
    public NodeStep[][] Before { get; }

    /// <summary>The nodes that run on one thread, bar by bar, in topological order.</summary>
    public NodeStep[] Ordered { get; }

    /// <summary>The nodes that need an ordered one. Those of a level need only levels before it.</summary>
    public NodeStep[][] After { get; }

    private static NodeStep[][] Levels(PipelineGraph graph, IEnumerable<NodeStep> steps)
    {
        int[] levels = new int[graph.Nodes.Count];
        var byLevel = new SortedDictionary<int, List<NodeStep>>();
        foreach (NodeStep step in steps)
        {
            int level = 1 + step.InputPlaces.Max(input => levels[input]);
            levels[step.Place] = level;
            if (!byLevel.TryGetValue(level, out List<NodeStep>? peers))
            {
                byLevel[level] = peers = [];
            }

            peers.Add(step);
        }

        return [.. byLevel.Values.Select(peers => peers.ToArray())];
    }
}
