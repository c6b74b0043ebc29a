using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a history provider of what an operator gives for one: a provider of New-QmtlHistoryProvider, or any object with the
/// methods <c>Fetch</c> and, where it has them, <c>Coverage</c> and <c>FillMissing</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HistoryProviderArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        PSObject? wrapped = inputData is null ? null : PSObject.AsPSObject(inputData);
        return wrapped?.BaseObject switch
        {
            null => null,
            IHistoryProvider provider => provider,
            string text => throw new ArgumentTransformationMetadataException(
                $"A text is not a history provider. Make one with "
                    + $"New-QmtlHistoryProvider{(text.Contains("://", StringComparison.Ordinal) || text.Contains('=') ? " -ConnectionString …" : $" -Path '{text}'")}."),
            _ => DuckTypedHistoryProvider.TryCreate(wrapped) ?? throw new ArgumentTransformationMetadataException(
                $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a history provider: it has no Fetch(start, end, nodeId, "
                    + $"interval) method. Make one with New-QmtlHistoryProvider, or give the object that method."),
        };
    }
}
