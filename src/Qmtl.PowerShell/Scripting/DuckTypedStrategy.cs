using System.Management.Automation;
using Qmtl.Strategies;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// A strategy made of any object with a <c>Setup()</c> method that returns nodes, or with a property <c>Nodes</c>; a property Name is
/// honoured.
/// </summary>
internal sealed class DuckTypedStrategy : Strategy
{
    private readonly DuckTypedObject _target;
    private readonly string? _setup;

    private DuckTypedStrategy(DuckTypedObject target, string? setup, string typeName)
    {
        _target = target;
        _setup = setup;
        Name = target.Name ?? typeName;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>A strategy over <paramref name="target"/>, or null where it has neither.</summary>
    public static DuckTypedStrategy? TryCreate(PSObject target)
    {
        var duck = new DuckTypedObject(target);
        string? setup = duck.FindMethod("Setup");
        return setup is not null || target.Properties["Nodes"] is not null
            ? new DuckTypedStrategy(duck, setup, DuckTypedObject.TypeName(target))
            : null;
    }

    /// <inheritdoc/>
    /// <remarks>To be called on the pipeline thread, since Setup is mostly script.</remarks>
    protected override void Setup()
    {
        var found = new List<object?>();
        if (_setup is not null)
        {
            found.AddRange(_target.CallScript(_setup));
        }

        if (LanguagePrimitives.GetEnumerable(_target.GetProperty("Nodes")) is { } nodes)
        {
            found.AddRange(nodes.Cast<object?>());
        }
        else if (_target.GetProperty("Nodes") is { } node)
        {
            found.Add(node);
        }

        AddNodes([.. found.Select(ToNode)]);
    }

    private Node ToNode(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) as Node
        ?? throw new InvalidOperationException(
            value is not null && ForeignCopy.Describe(value) is { } problem
            ? $"The strategy '{Name}' gave a node that is none here: {problem}"
            : $"The strategy '{Name}' gave {(value is null ? "$null" : $"a {DuckTypedObject.TypeName(PSObject.AsPSObject(value))}")} where "
                + $"a node was expected. Setup returns nodes of New-QmtlNode or New-QmtlStreamInput and writes nothing else.");
}
