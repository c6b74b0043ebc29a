using System.Text.Json.Nodes;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway.Submission;

/// <summary>A strategy as it is given to a gateway to run in a world.</summary>
public sealed record StrategySubmission
{
    /// <summary>A submission.</summary>
    /// <param name="worldId">The world.</param>
    /// <param name="nodes">The strategy's nodes in DAG order: each after those it reads.</param>
    /// <exception cref="ArgumentException">The world or a node id is blank, there is no node, a node id occurs twice, or an input is no
    /// node that comes before.</exception>
    public StrategySubmission(string worldId, IReadOnlyList<GatewayNode> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        GatewayNames.RequireWorld(worldId);
        RequireOrder(nodes);
        WorldId = worldId;
        Nodes = nodes;
    }

    /// <summary>The world that the strategy is to run in.</summary>
    public string WorldId { get; }

    /// <summary>Its nodes in DAG order.</summary>
    public IReadOnlyList<GatewayNode> Nodes { get; }

    /// <summary>What else the gateway is told; null by default.</summary>
    public JsonObject? Meta { get; init; }

    private static void RequireOrder(IReadOnlyList<GatewayNode> nodes)
    {
        if (nodes.Count == 0)
        {
            throw new ArgumentException("A strategy without nodes cannot be submitted. Add a node.", nameof(nodes));
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (GatewayNode node in nodes)
        {
            if (string.IsNullOrWhiteSpace(node.NodeId))
            {
                throw new ArgumentException($"The node '{node.Name}' has no id. Give it one.", nameof(nodes));
            }

            if (node.Inputs.FirstOrDefault(input => !seen.Contains(input)) is { } unknown)
            {
                throw new ArgumentException(
                    $"The node '{node.NodeId}' reads '{unknown}', which is no node before it. List the nodes in DAG order, inputs first.",
                    nameof(nodes));
            }

            if (!seen.Add(node.NodeId))
            {
                throw new ArgumentException(
                    $"Two nodes have the id '{node.NodeId}'. The gateway tells nodes apart by their ids.", nameof(nodes));
            }
        }
    }
}
