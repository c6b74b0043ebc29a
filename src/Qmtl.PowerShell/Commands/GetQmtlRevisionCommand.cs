using System.Management.Automation;
using Qmtl.History;
using Qmtl.PowerShell.Output;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells which stored bars a repair or a forced backfill has changed.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlRevision", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(HistoryRevision))]
public sealed class GetQmtlRevisionCommand : StoredRangeCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForKnown(
        async (store, stream, token) => await store.ReadRevisionsAsync(stream, null, token).AnyAsync(token),
        async (provider, stream, token) =>
        {
            await foreach (BarRevision revision in StoreOf(provider).ReadRevisionsAsync(stream, RangeOf(stream), token))
            {
                await OutputAsync([new HistoryRevision(provider, stream, revision)]);
            }
        });
}
