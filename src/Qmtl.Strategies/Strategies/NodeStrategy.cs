using Qmtl.Streams;

namespace Qmtl.Strategies;

/// <summary>A strategy of nodes that are there already.</summary>
public sealed class NodeStrategy : Strategy
{
    private readonly Node[] _given;

    /// <summary>A strategy.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="nodes">Its nodes; what they compute from need not be listed.</param>
    /// <exception cref="ArgumentException">The name is blank.</exception>
    public NodeStrategy(string name, params IEnumerable<Node> nodes)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(nodes);
        Name = name;
        _given = [.. nodes];
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    protected override void Setup() => AddNodes(_given);
}
