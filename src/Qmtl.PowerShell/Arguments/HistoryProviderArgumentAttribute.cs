using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Scripting;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a history provider of what an operator gives for one: a provider of New-QmtlHistoryProvider, a text that names a store, or any
/// object with the methods <c>Fetch</c> and, where it has them, <c>Coverage</c> and <c>FillMissing</c>.
/// </summary>
public sealed class HistoryProviderArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given, EngineIntrinsics engine)
    {
        PSObject wrapped = PSObject.AsPSObject(given);
        return wrapped.BaseObject switch
        {
            IHistoryProvider provider => provider,

            // Where a default says whose history, the first argument is free for a node.
            string text when DefaultProvider.Current is not null && !StoreName.IsMeant(text, engine) =>
                throw TryNext($"'{text}' is no store."),
            object[] when DefaultProvider.Current is not null => throw TryNext("Several texts are no store."),
            string text => StoreName.Open(text, engine),
            _ => DuckTypedHistoryProvider.TryCreate(wrapped) ?? throw new ArgumentException(
                $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a history provider: it has no Fetch(start, end, nodeId, "
                    + $"interval) method. Make one with New-QmtlHistoryProvider, or give the object that method."),
        };
    }
}

/// <summary>Takes providers, and streams of New-QmtlStreamInput, from the pipeline. Text is left to other parameters.</summary>
public sealed class StreamSourceArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given) => given is object[] several ? Array.ConvertAll(several, One) : new[] { One(given) };

    private static object One(object given)
    {
        PSObject wrapped = PSObject.AsPSObject(given);
        return wrapped.BaseObject switch
        {
            IHistoryProvider or Streams.StreamInput => wrapped.BaseObject,
            string or ValueType => throw TryNext("This is neither a history provider nor a stream of New-QmtlStreamInput."),
            _ => (object?)DuckTypedHistoryProvider.TryCreate(wrapped)
                ?? throw TryNext($"An object of type {DuckTypedObject.TypeName(wrapped)} is neither a history provider nor a stream."),
        };
    }
}
