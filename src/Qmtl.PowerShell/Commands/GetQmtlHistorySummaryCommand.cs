using System.Management.Automation;
using Qmtl.PowerShell.Output;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells of each stream at a glance how much of it is there.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlHistorySummary", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(HistorySummaryRow))]
public sealed class GetQmtlHistorySummaryCommand : StreamsCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams(async (provider, streams, cancellationToken) =>
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await OutputAsync((await provider.SummarizeAsync(NamesStreams || Exclude is not null ? streams : null, cancellationToken))
            .Select(summary => new HistorySummaryRow(provider, summary, now)));
    });
}
