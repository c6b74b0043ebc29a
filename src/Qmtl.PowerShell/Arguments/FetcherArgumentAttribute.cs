using System.Management.Automation;
using Qmtl.Messages;
using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a fetcher of what an operator gives for one: a fetcher of New-QmtlFetcher, a script block, or any object with a
/// <c>Fetch(start, end, nodeId, interval)</c> method.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FetcherArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        if (inputData is null)
        {
            return null;
        }

        try
        {
            return FetcherFactory.From(inputData);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentTransformationMetadataException(PlainMessage.Of(exception), exception);
        }
    }
}
