namespace Qmtl.Running.Gateway.Submission;

/// <summary>One node of a strategy as the gateway is told of it.</summary>
/// <param name="NodeId">Its id, unique in the strategy.</param>
/// <param name="NodeType">What kind of node it is, for example <c>StreamInput</c>.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Interval">The length of its bars in seconds.</param>
/// <param name="Period">How many bars of each input it looks at.</param>
/// <param name="Tags">Its tags; empty for none.</param>
/// <param name="Inputs">The ids of the nodes it reads, each of which comes before it; empty for none.</param>
/// <param name="CodeHash">A hash of its code.</param>
/// <param name="ConfigHash">A hash of its configuration.</param>
/// <param name="SchemaHash">A hash of its results' columns.</param>
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
    bool PreWarmup);
