using System.Collections.Frozen;
using System.Text.Json;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway.Submission;

/// <summary>The queues that a gateway names for nodes of a strategy, and which of these nodes are computed elsewhere.</summary>
/// <remarks>
/// An entry's queues are objects such as <c>{"queue":"q","global":false}</c>, or, in older gateways, topics. A node is computed
/// elsewhere where one of its queues is global or a topic. A node that queries by tags never is: its queues are what it reads.
/// </remarks>
public sealed class QueueMap
{
    private readonly FrozenDictionary<string, IReadOnlyList<string>> _topics;
    private readonly FrozenSet<string> _elsewhere;

    private QueueMap(
        IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> topics, IEnumerable<string> elsewhere, IReadOnlyList<string> unknownKeys)
    {
        _topics = topics.ToFrozenDictionary(StringComparer.Ordinal);
        _elsewhere = elsewhere.ToFrozenSet(StringComparer.Ordinal);
        UnknownKeys = unknownKeys;
    }

    /// <summary>No node has a queue.</summary>
    public static QueueMap Empty { get; } = new([], [], []);

    /// <summary>The ids (<see cref="GatewayNode.NodeId"/>) of the nodes that the gateway names queues of.</summary>
    public IReadOnlyCollection<string> NodeIds => _topics.Keys;

    /// <summary>Keys that name no node of the strategy, as the gateway wrote them.</summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>How many nodes are computed elsewhere.</summary>
    public int ElsewhereCount => _elsewhere.Count;

    /// <summary>Whether a node is computed elsewhere, so that it does not execute here.</summary>
    public bool IsElsewhere(string nodeId) => _elsewhere.Contains(nodeId);

    /// <summary>
    /// The topics that hold a node's results, or of one that queries by tags, what it reads: those of all its partitions, each once. Empty
    /// where there is none.
    /// </summary>
    public IReadOnlyList<string> GetTopics(string nodeId) => _topics.GetValueOrDefault(nodeId, []);

    /// <summary>Reads the gateway's map.</summary>
    /// <param name="map">An object of queues, or lists of queues, by node id or <see cref="PartitionKey"/>.</param>
    /// <param name="nodes">The strategy's nodes by the ids that the gateway knows them by.</param>
    /// <exception cref="FormatException">It is no such object.</exception>
    internal static QueueMap Read(JsonElement map, IReadOnlyDictionary<string, GatewayNode> nodes)
    {
        if (map.ValueKind != JsonValueKind.Object)
        {
            throw JsonFields.Unexpected("queue_map", map, "an object");
        }

        var topics = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var elsewhere = new HashSet<string>(StringComparer.Ordinal);
        var unknown = new List<string>();
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            (string Topic, bool? IsGlobal)[] queues = ReadQueues(entry.Value);
            if (PartitionKey.Read(entry.Name, nodes.ContainsKey) is not { } key)
            {
                unknown.Add(entry.Name);
                continue;
            }

            GatewayNode node = nodes[key.NodeId];
            if (!topics.TryGetValue(node.NodeId, out List<string>? known))
            {
                topics.Add(node.NodeId, known = []);
            }

            // What is global is computed once for everybody; a query by tags reads the rest.
            known.AddRange(queues
                .Where(queue => !node.IsTagQuery || queue.IsGlobal != true)
                .Select(queue => queue.Topic)
                .Except(known, StringComparer.Ordinal));
            if (!node.IsTagQuery && queues.Any(queue => queue.IsGlobal != false))
            {
                elsewhere.Add(node.NodeId);
            }
        }

        return new QueueMap(
            topics.Select(pair => KeyValuePair.Create<string, IReadOnlyList<string>>(pair.Key, pair.Value)), elsewhere, unknown);
    }

    private static (string Topic, bool? IsGlobal)[] ReadQueues(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(ReadQueue)]
        : [ReadQueue(value)];

    // A topic alone does not say whether it is global.
    private static (string Topic, bool? IsGlobal) ReadQueue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => (value.RequireText("queue"), value.BooleanOr("global", missing: false)),
        JsonValueKind.String when value.GetString() is { } topic && !string.IsNullOrWhiteSpace(topic) => (topic, null),
        _ => throw new FormatException("a 'queue_map' with an entry that is neither a queue or topic nor a list of them"),
    };
}
