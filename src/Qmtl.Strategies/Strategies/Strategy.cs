using Qmtl.Streams;

namespace Qmtl.Strategies;

/// <summary>
/// Nodes that belong together. Derive from it and add the nodes in <see cref="Setup"/>, or use <see cref="NodeStrategy"/> for nodes that
/// are there already.
/// </summary>
public abstract class Strategy
{
    private readonly List<Node> _added = [];
    private IReadOnlyList<Node>? _nodes;

    /// <summary>What people call the strategy.</summary>
    /// <value>The name of its type by default.</value>
    public virtual string Name => GetType().Name;

    /// <summary>
    /// The nodes that were added and all that they compute from, each once, inputs before what computes from them, otherwise in the order
    /// they were added in. The first use calls <see cref="Setup"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no node, the nodes form a cycle, or two different ones have the same id and
    /// interval.</exception>
    public IReadOnlyList<Node> Nodes => _nodes ??= Build();

    /// <summary>Makes the nodes and adds them with <see cref="AddNodes"/>. Called once.</summary>
    protected abstract void Setup();

    /// <summary>Adds nodes; what they compute from need not be added. One that was added before is not added again.</summary>
    protected void AddNodes(params Node[] nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        _added.AddRange(
            nodes.Select(node => node ?? throw new ArgumentException($"The strategy '{Name}' adds a node that is null.", nameof(nodes))));
    }

    /// <summary>The strategy's name.</summary>
    public override string ToString() => Name;

    private IReadOnlyList<Node> Build()
    {
        _added.Clear();
        Setup();
        return _added.Count > 0
            ? NodeGraph.Order(_added)
            : throw new InvalidOperationException($"The strategy '{Name}' has no node. Add its nodes in Setup.");
    }
}
