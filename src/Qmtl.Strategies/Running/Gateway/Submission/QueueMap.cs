using System.Collections.Frozen;
using System.Text.Json;
using Qmtl.Running.Gateway.Wire;

namespace Qmtl.Running.Gateway.Submission;

/// <summary>Which nodes of a strategy are computed elsewhere, and the topics on which their results are.</summary>
public sealed class QueueMap
{
    private readonly FrozenDictionary<string, IReadOnlyList<string>> _topics;

    private QueueMap(IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> topics, IReadOnlyList<string> unknownKeys)
    {
        _topics = topics.ToFrozenDictionary(StringComparer.Ordinal);
        UnknownKeys = unknownKeys;
    }

    /// <summary>No node is computed elsewhere.</summary>
    public static QueueMap Empty { get; } = new([], []);

    /// <summary>The ids of the nodes that are computed elsewhere.</summary>
    public IReadOnlyCollection<string> NodeIds => _topics.Keys;

    /// <summary>Keys that name no node of the strategy, as the gateway wrote them.</summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>Whether a node is computed elsewhere, so that it does not execute here.</summary>
    public bool Contains(string nodeId) => _topics.ContainsKey(nodeId);

    /// <summary>The topics that hold a node's results, those of all its partitions, each once; empty where it is computed here.</summary>
    public IReadOnlyList<string> GetTopics(string nodeId) => _topics.GetValueOrDefault(nodeId, []);

    /// <summary>Reads the gateway's map.</summary>
    /// <param name="map">An object of topics, or lists of topics, by node id or <see cref="PartitionKey"/>.</param>
    /// <param name="nodes">The strategy's nodes.</param>
    /// <exception cref="FormatException">It is no such object.</exception>
    internal static QueueMap Read(JsonElement map, IEnumerable<GatewayNode> nodes)
    {
        if (map.ValueKind != JsonValueKind.Object)
        {
            throw JsonFields.Unexpected("queue_map", map, "an object");
        }

        var ids = nodes.Select(node => node.NodeId).ToHashSet(StringComparer.Ordinal);
        var topics = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var unknown = new List<string>();
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            List<string> read = ReadTopics(entry.Value);
            if (PartitionKey.Read(entry.Name, ids.Contains) is not { } key)
            {
                unknown.Add(entry.Name);
            }
            else if (topics.TryGetValue(key.NodeId, out List<string>? others))
            {
                others.AddRange(read.Except(others, StringComparer.Ordinal));
            }
            else
            {
                topics.Add(key.NodeId, read);
            }
        }

        return new QueueMap(topics.Select(pair => KeyValuePair.Create<string, IReadOnlyList<string>>(pair.Key, pair.Value)), unknown);
    }

    private static List<string> ReadTopics(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(ReadTopic).Distinct(StringComparer.Ordinal)]
        : [ReadTopic(value)];

    private static string ReadTopic(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { } topic && !string.IsNullOrWhiteSpace(topic)
            ? topic
            : throw new FormatException("a 'queue_map' with an entry that is neither a topic nor a list of topics");
}
