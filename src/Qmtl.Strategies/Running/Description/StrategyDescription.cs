using System.Globalization;
using Qmtl.Running.Gateway.Submission;
using Qmtl.Streams;

namespace Qmtl.Running.Description;

/// <summary>A strategy's nodes as a gateway is told of them.</summary>
internal sealed class StrategyDescription
{
    private readonly Dictionary<Node, string> _ids;

    /// <summary>The description of nodes.</summary>
    /// <param name="nodes">The nodes, inputs before what computes from them.</param>
    public StrategyDescription(IReadOnlyList<Node> nodes)
    {
        // Here a node is its id and its interval; to the gateway it is its id alone.
        HashSet<string> ambiguous = [.. nodes.GroupBy(node => node.NodeId, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => same.Key)];
        _ids = nodes.ToDictionary(
            node => node,
            node => ambiguous.Contains(node.NodeId) ? string.Create(CultureInfo.InvariantCulture, $"{node.NodeId}@{node.Interval.Seconds}") : node.NodeId);
        Nodes = [.. nodes.Select(Describe)];
    }

    /// <summary>The nodes, in the same order.</summary>
    public IReadOnlyList<GatewayNode> Nodes { get; }

    /// <summary>The id under which the gateway knows the node.</summary>
    public string IdOf(Node node) => _ids[node];

    private GatewayNode Describe(Node node) => new(
        IdOf(node),
        node.GetType().Name,
        node.Name,
        node.Interval.Seconds,
        node.Period,
        node.Tags,
        [.. node.Inputs.Select(IdOf)],
        Fingerprint.Of(node.CodeIdentity),
        Fingerprint.Of(ConfigurationOf(node)),
        Fingerprint.Of(node is StreamInput ? "bar" : "payload"),
        PreWarmup: false);

    // The trigger changes the results, so a node with another one is not the same; the default adds nothing, as before there was a choice.
    private static IEnumerable<string> ConfigurationOf(Node node) =>
    [
        .. node.Configuration.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => (string[])[pair.Key, pair.Value]),
        .. node.Trigger == NodeTrigger.EachInput ? (string[])[] : [node.Trigger.ToString()],
    ];
}
