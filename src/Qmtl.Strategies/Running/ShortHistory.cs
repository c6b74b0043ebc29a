using Qmtl.Streams;

namespace Qmtl.Running;

/// <summary>Finds the nodes that compute nothing from their streams' windows, because these are too short for them.</summary>
internal static class ShortHistory
{
    /// <summary>A warning for each input that gives a node less than its period.</summary>
    /// <param name="nodes">All nodes of a pipeline, inputs before what computes from them.</param>
    public static IEnumerable<string> Warnings(IReadOnlyList<Node> nodes)
    {
        // Of each node, the most bars that it has a result for.
        var mostResults = new Dictionary<Node, long?>();
        foreach (Node node in nodes)
        {
            mostResults[node] = MostResults(node, mostResults);
            foreach (Node input in node.Inputs)
            {
                if (mostResults[input] is { } given && given < node.Period)
                {
                    yield return Describe(node, input, given);
                }
            }
        }
    }

    // A node's first result needs a period of each input. How many that leaves is not known where the interval changes on the way or
    // where another computes the node; and of a node that gives nothing, the warning is its own.
    private static long? MostResults(Node node, Dictionary<Node, long?> mostResults)
    {
        if (node is StreamInput stream)
        {
            return stream.Period;
        }

        if (!node.Executes || node.Inputs.Any(input => input.Interval != node.Interval || mostResults[input] is null))
        {
            return null;
        }

        long most = node.Inputs.Min(input => mostResults[input]!.Value) - node.Period + 1;
        return most > 0 ? most : null;
    }

    private static string Describe(Node node, Node input, long given) => input is StreamInput
        ? $"The node '{node.Name}' needs {node.Period} bars of {input.Key}, whose period is {given}: it computes nothing from this "
            + $"history. Give the stream a period of at least {node.Period}."
        : $"The node '{node.Name}' needs {node.Period} results of '{input.Name}', which gives at most {given} from this history: it "
            + $"computes nothing from it. Give the streams that '{input.Name}' computes from a period longer by {node.Period - given}.";
}
