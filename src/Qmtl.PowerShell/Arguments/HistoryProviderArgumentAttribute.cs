using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a history provider of what an operator gives for one: a provider of New-QmtlHistoryProvider, or any object with the
/// methods <c>Fetch</c> and, where it has them, <c>Coverage</c> and <c>FillMissing</c>.
/// </summary>
public sealed class HistoryProviderArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given)
    {
        PSObject wrapped = PSObject.AsPSObject(given);
        return wrapped.BaseObject switch
        {
            IHistoryProvider provider => provider,
            string text => throw TextIsNo("history provider", "New-QmtlHistoryProvider", text),
            _ => DuckTypedHistoryProvider.TryCreate(wrapped) ?? throw new ArgumentException(
                $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a history provider: it has no Fetch(start, end, nodeId, "
                    + $"interval) method. Make one with New-QmtlHistoryProvider, or give the object that method."),
        };
    }
}
