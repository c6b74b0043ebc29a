using Qmtl.Data;
using Qmtl.Streams;

namespace Qmtl.Strategies;

/// <summary>Orders nodes so that each comes after what it computes from.</summary>
internal static class NodeGraph
{
    /// <summary>
    /// The nodes and all that they compute from, each once. A node stands right after the last of its inputs that was not there yet, so the
    /// order is that of the declaration wherever the inputs allow it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The nodes form a cycle, or two different ones have the same id and interval.</exception>
    public static IReadOnlyList<Node> Order(IEnumerable<Node> declared)
    {
        var ordered = new List<Node>();
        var done = new HashSet<Node>(ReferenceEqualityComparer.Instance);
        foreach (Node node in declared)
        {
            Visit(node, done, ordered);
        }

        RequireDistinct(ordered);
        return ordered;
    }

    // With a stack of its own: a chain may be longer than the thread's stack is deep.
    private static void Visit(Node from, HashSet<Node> done, List<Node> ordered)
    {
        var path = new List<(Node Node, int NextInput)>();
        var onPath = new HashSet<Node>(ReferenceEqualityComparer.Instance);
        Enter(from);
        while (path.Count > 0)
        {
            (Node node, int nextInput) = path[^1];
            if (nextInput < node.Inputs.Count)
            {
                path[^1] = (node, nextInput + 1);
                Enter(node.Inputs[nextInput]);
            }
            else
            {
                path.RemoveAt(path.Count - 1);
                onPath.Remove(node);
                done.Add(node);
                ordered.Add(node);
            }
        }

        void Enter(Node node)
        {
            if (done.Contains(node))
            {
                return;
            }

            if (!onPath.Add(node))
            {
                IEnumerable<Node> cycle = path.Select(step => step.Node).SkipWhile(step => step != node).Append(node);
                throw new InvalidOperationException(
                    $"The nodes form a cycle: {string.Join(" -> ", cycle.Reverse().Select(step => step.Name))}. A node cannot compute from "
                        + $"its own result.");
            }

            path.Add((node, 0));
        }
    }

    private static void RequireDistinct(List<Node> nodes)
    {
        var seen = new Dictionary<StreamKey, Node>();
        foreach (Node node in nodes)
        {
            if (!seen.TryAdd(node.Key, node))
            {
                throw new InvalidOperationException(
                    $"Two different nodes are both {node.Key}: '{seen[node.Key].Name}' and '{node.Name}'. Use one object for both places, "
                        + $"or tell them apart by name, tags or configuration.");
            }
        }
    }
}
