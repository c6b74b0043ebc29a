using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Forgets which bars sources were found not to have, so that they are asked for again.</summary>
[Cmdlet(
    VerbsCommon.Clear,
    "QmtlEmptyRange",
    DefaultParameterSetName = ProviderSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(HistoryRemoval))]
public sealed class ClearQmtlEmptyRangeCommand : StoredRangeCommand
{
    /// <summary>The source whose answers are forgotten, by its name; every source's by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Source { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForKnown(
        async (store, stream, token) => !(await store.GetKnownEmptyAsync(stream, null, null, token)).IsEmpty,
        (provider, stream, token) => ClearAsync(provider, stream, RangeOf(stream), token));

    private async Task ClearAsync(IHistoryProvider provider, StreamKey stream, TimeRange? within, CancellationToken cancellationToken)
    {
        IHistoryStore store = StoreOf(provider);
        TimeRangeSet empty = await store.GetKnownEmptyAsync(stream, Source, within, cancellationToken);
        if (empty.Bounds is not { } bounds)
        {
            Post(() => WriteVerbose($"{stream}: nothing was learnt as empty there."));
            return;
        }

        string from = Source is null ? string.Empty : $" from {Source}";
        if (await ApproveAsync(stream, provider, $"Forget {empty.BarCount} bars, {bounds}, that were learnt as empty{from}"))
        {
            long forgotten = await store.ForgetEmptyAsync(stream, Source, within, cancellationToken);
            await OutputAsync([new HistoryRemoval(provider, stream, bounds) { EmptyForgotten = forgotten }]);
        }
    }
}
