using System.Management.Automation;
using Qmtl.PowerShell.Scripting;
using Qmtl.Strategies;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a strategy of what an operator gives for one: a strategy of New-QmtlStrategy, an instance of a class that derives from
/// <see cref="Strategy"/>, one or several nodes, or any object with a method <c>Setup()</c> that returns nodes or a property <c>Nodes</c>;
/// or the names of compiled ones.
/// </summary>
public sealed class StrategyArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given)
    {
        PSObject wrapped = PSObject.AsPSObject(given);
        return wrapped.BaseObject switch
        {
            Strategy strategy => strategy,
            _ when DuckTypedObject.TypeName(wrapped).StartsWith("Deserialized.", StringComparison.Ordinal) => throw new ArgumentException(
                "The strategy came from another process (Start-Job, a remote session) as a copy without its code. Make it in the script "
                    + "that runs it, inside the job or the session."),
            { } value when LooseNodes.TryCreate(value) is { } nodes => nodes,
            { } value when StrategyNames.TryCreate(value) is { } names => names,
            Type type => throw new ArgumentException($"A type is not a strategy. Give an object of it: [{type.Name}]::new()."),
            _ => DuckTypedStrategy.TryCreate(wrapped) ?? throw new ArgumentException(
                $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a strategy: it has neither a Setup() method nor a property "
                    + $"Nodes. Make one with New-QmtlStrategy, or give the object one of these."),
        };
    }
}
