using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.PowerShell.Output;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells of each stream at a glance how much of it is there.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlHistorySummary", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(HistorySummaryRow))]
public sealed class GetQmtlHistorySummaryCommand : StreamsCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach ((IHistoryProvider provider, StreamSelection selection) in Sources())
        {
            RunForRecord(
                async cancellationToken =>
                {
                    // All there are need not be listed first. Where there is nothing, the list tells why.
                    IReadOnlyList<HistorySummary> found = selection is { Nodes.Count: 0, Intervals.Count: 0, Except.Count: 0 }
                        ? await SummarizeAllAsync(provider, cancellationToken)
                        : [];
                    if (found.Count == 0)
                    {
                        IReadOnlyList<StreamKey> streams = await FindAsync(provider, selection, cancellationToken);
                        found = streams.Count > 0 ? await provider.SummarizeAsync(streams, cancellationToken) : [];
                    }

                    DateTimeOffset now = TimeProvider.System.GetUtcNow();
                    await OutputAsync(found.Select(summary => new HistorySummaryRow(provider, summary, now)));
                },
                provider);
        }
    }

    private static async Task<IReadOnlyList<HistorySummary>> SummarizeAllAsync(
        IHistoryProvider provider, CancellationToken cancellationToken)
    {
        try
        {
            return await provider.SummarizeAsync(cancellationToken: cancellationToken);
        }
        catch (NotSupportedException)
        {
            return [];
        }
    }
}
