using System.Collections;
using System.Management.Automation;
using Qmtl.Strategies;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Nodes that were given where a strategy is expected. All that one command is given make one strategy.</summary>
internal sealed class LooseNodes : Strategy
{
    private readonly Node[] _given;

    private LooseNodes(Node[] given) => _given = given;

    /// <inheritdoc/>
    /// <value>The nodes' names, with commas between them.</value>
    public override string Name => string.Join(", ", _given.Select(node => node.Name));

    /// <summary>What a node or a list of nodes makes; null of anything else.</summary>
    public static LooseNodes? TryCreate(object value)
    {
        object?[] items = value is IList list ? [.. list.Cast<object?>()] : [value];
        Node?[] nodes = [.. items.Select(item => (item is PSObject wrapped ? wrapped.BaseObject : item) as Node)];
        return nodes.Length > 0 && Array.TrueForAll(nodes, node => node is not null) ? new LooseNodes(nodes!) : null;
    }

    /// <summary>One strategy of the nodes of all.</summary>
    public static LooseNodes Join(IEnumerable<LooseNodes> all) => new([.. all.SelectMany(one => one._given).Distinct()]);

    /// <inheritdoc/>
    protected override void Setup() => AddNodes(_given);
}
