namespace Qmtl.Gateway.Submission;

/// <summary>One node of a strategy as the gateway is told of it.</summary>
/// <param name="NodeId">Its id here, unique in the strategy. The gateway's own id of the node is derived from what follows.</param>
/// <param name="NodeType">What kind of node it is, for example <c>StreamInput</c>.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Interval">The length of its bars in seconds; for others than those of a fixed length, the number that tables have of them
/// (BarInterval.Number).</param>
/// <param name="Period">How many bars of each input it looks at.</param>
/// <param name="Tags">Its tags; empty for none.</param>
/// <param name="Inputs">The ids of the nodes it reads, each of which comes before it; empty for none.</param>
/// <param name="CodeHash">A hash of its code.</param>
/// <param name="ConfigHash">A hash of everything else that tells it from other nodes, in ASCII: gateways know it by this.</param>
/// <param name="SchemaHash">A hash of its results' columns.</param>
/// <param name="SchemaCompatId">What its results are compatible with, for example <c>bar-v1</c>.</param>
/// <param name="PreWarmup">Whether it computes before its inputs hold <paramref name="Period"/> bars.</param>
public sealed record GatewayNode(
    string NodeId,
    string NodeType,
    string Name,
    long Interval,
    int Period,
    IReadOnlyList<string> Tags,
    IReadOnlyList<string> Inputs,
    string CodeHash,
    string ConfigHash,
    string SchemaHash,
    string SchemaCompatId,
    bool PreWarmup)
{
    /// <summary>Whether it reads the queues that the gateway finds by its tags.</summary>
    internal bool IsTagQuery => NodeType == "TagQueryNode";
}
