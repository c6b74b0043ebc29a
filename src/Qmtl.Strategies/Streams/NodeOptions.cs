using Qmtl.Time;

namespace Qmtl.Streams;

/// <summary>What a <see cref="Node"/> is made of.</summary>
public sealed record NodeOptions
{
    /// <summary>What people call the node; it stands in errors and reports.</summary>
    /// <value>Null, the default: the node's id.</value>
    public string? Name { get; init; }

    /// <summary>
    /// The nodes whose results this one computes from, in the order that counts for its identity; one that stands here twice counts once.
    /// </summary>
    /// <value>None by default.</value>
    public IReadOnlyList<Node> Inputs { get; init; } = [];

    /// <summary>The interval of the node's results.</summary>
    /// <value>Null, the default: the shortest of its inputs' intervals.</value>
    public BarInterval? Interval { get; init; }

    /// <summary>How many bars of each input the node needs before it computes, and how many its cache keeps.</summary>
    /// <value>1 by default; at least 1, with no upper limit.</value>
    public int Period { get; init; } = 1;

    /// <summary>When the node computes where it has several inputs.</summary>
    /// <value><see cref="NodeTrigger.EachInput"/> by default.</value>
    public NodeTrigger Trigger { get; init; }

    /// <summary>The node's id, which is also the name of its table in a store of one table a node.</summary>
    /// <value>Null, the default: derived from what makes the node different, the same in every process.</value>
    public string? NodeId { get; init; }

    /// <summary>What tells the node's function from another one, such as its source text; it becomes part of a derived id.</summary>
    /// <value>Null, the default: nothing. It has to be the same in every process.</value>
    public string? Function { get; init; }

    /// <summary>Words that tell this node from others; their order and repetitions do not count.</summary>
    /// <value>None by default.</value>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>
    /// Settings that tell this node from others, by name; their order does not count. They become part of a derived id and hold no secret.
    /// </summary>
    /// <value>None by default.</value>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();
}
