using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a fetcher of what an operator gives for one: a fetcher of New-QmtlFetcher, a script block, or any object with a
/// <c>Fetch(start, end, nodeId, interval)</c> method.
/// </summary>
public sealed class FetcherArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given) => FetcherFactory.From(given);
}
