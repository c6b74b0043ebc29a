using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Strategies.Replay;

/// <summary>Warns of nodes that see into the future: by their opens, bars of a long interval come before those inside them.</summary>
internal static class MixedIntervals
{
    /// <summary>
    /// Names the first nodes on each way at which bars of different intervals meet; those that compute from them see the same.
    /// </summary>
    public static void Warn(PipelineGraph graph, PipelineOptions options)
    {
        if (options.OnWarning is null || options.Order != BarOrder.Open)
        {
            return;
        }

        var mixing = new HashSet<int>();
        var first = new List<NodeStep>();
        foreach (NodeStep step in graph.Steps.Where(step => IntervalsOf(graph, step).Count > 1))
        {
            mixing.Add(step.Place);
            if (!step.InputPlaces.Any(mixing.Contains))
            {
                first.Add(step);
            }
        }

        foreach (NodeStep step in first)
        {
            IReadOnlyList<BarInterval> intervals = IntervalsOf(graph, step);
            IEnumerable<StreamKey> streams = graph.Streams.Where((_, stream) => step.IsReachedBy(stream)).Select(stream => stream.Key);
            options.OnWarning(
                $"The node '{step.Node.Name}' computes from streams of different intervals ({string.Join(", ", streams)}). By their opens, "
                    + $"a bar of {intervals[^1]} comes before the bars of {intervals[0]} inside it, whose future it knows. Order by closes "
                    + $"({nameof(PipelineOptions.Order)} {nameof(BarOrder.Close)}), or look one bar back in the longer one.");
        }
    }

    private static IReadOnlyList<BarInterval> IntervalsOf(PipelineGraph graph, NodeStep step) =>
        [.. graph.Streams.Where((_, stream) => step.IsReachedBy(stream)).Select(stream => stream.Interval).Distinct().Order()];
}
