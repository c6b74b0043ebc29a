using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Qmtl.Gateway.Submission;
using Qmtl.Streams;

namespace Qmtl.Gateway.Running;

/// <summary>A strategy's nodes as a gateway is told of them.</summary>
internal sealed class StrategyDescription
{
    private readonly Dictionary<Node, string> _configurations = [];

    /// <summary>The description of nodes.</summary>
    /// <param name="nodes">The nodes, inputs before what computes from them.</param>
    public StrategyDescription(IReadOnlyList<Node> nodes) => Nodes = [.. nodes.Select(Describe)];

    /// <summary>The nodes, in the same order.</summary>
    public IReadOnlyList<GatewayNode> Nodes { get; }

    /// <summary>The node's id in <see cref="Nodes"/>: what a node is, is its id and its interval.</summary>
    public static string IdOf(Node node) => node.Key.ToString();

    private GatewayNode Describe(Node node)
    {
        string schema = node is StreamInput ? "bar" : "payload";
        return new GatewayNode(
            IdOf(node),
            node.GetType().Name,
            node.Name,
            node.Interval.Number,
            node.Period,
            node.Tags,
            [.. node.Inputs.Select(IdOf)],
            Fingerprint.Of(node.CodeIdentity),
            _configurations[node] = Fingerprint.Of(ConfigurationOf(node)),
            Fingerprint.Of(schema),
            $"{schema}-v1",
            PreWarmup: false);
    }

    // All that makes a node different: gateways that look at nothing else must tell nodes apart by it. Lists have hashes of their own,
    // so that no two different nodes read the same.
    private IEnumerable<string> ConfigurationOf(Node node) =>
    [
        node.NodeId,
        node.Interval.Number.ToString(CultureInfo.InvariantCulture),
        node.Period.ToString(CultureInfo.InvariantCulture),
        node.Trigger.ToString(),
        Fingerprint.Of(node.Tags.Order(StringComparer.Ordinal)),
        Fingerprint.Of(
            node.Configuration.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => (string[])[pair.Key, pair.Value])),
        Fingerprint.Of(node.Inputs.Select(input => _configurations[input])),
    ];
}

/// <summary>Hashes of texts, the same in every process.</summary>
internal static class Fingerprint
{
    /// <summary>The hash of one text.</summary>
    public static string Of(string text) => Of([text]);

    /// <summary>The hash of texts, in this order; as JSON, so that no two different lists read the same.</summary>
    public static string Of(IEnumerable<string> texts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(texts)));
}
