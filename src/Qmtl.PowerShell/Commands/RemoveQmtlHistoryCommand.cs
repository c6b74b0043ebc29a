using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Removes stored bars of streams, or of a range of them.</summary>
[Cmdlet(
    VerbsCommon.Remove,
    "QmtlHistory",
    DefaultParameterSetName = ProviderSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(HistoryRemoval))]
public sealed class RemoveQmtlHistoryCommand : StoredRangeCommand
{
    // Ranges of one stream come as many objects, and are asked about once. Null stands for all of it.
    private readonly Dictionary<(IHistoryProvider Provider, StreamKey Stream), List<TimeRange?>> _asked = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!NamesStreams && InputObject is null)
        {
            Refuse(
                new ArgumentException(
                    "Which history? Name a node with -NodeId, or an interval with -Interval. To empty the store, say -NodeId *."),
                null);
            return;
        }

        RunForStreams((provider, streams, _) =>
        {
            foreach (StreamKey stream in streams)
            {
                if (!_asked.TryGetValue((provider, stream), out List<TimeRange?>? ranges))
                {
                    _asked.Add((provider, stream), ranges = []);
                }

                ranges.Add(RangeOf(stream));
            }

            return Task.CompletedTask;
        });
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (((IHistoryProvider provider, StreamKey stream), List<TimeRange?> ranges) in _asked)
        {
            RunForRecord(cancellationToken => RemoveAsync(provider, stream, ranges, cancellationToken), provider);
        }
    }

    private async Task RemoveAsync(
        IHistoryProvider provider, StreamKey stream, List<TimeRange?> ranges, CancellationToken cancellationToken)
    {
        IHistoryStore store = StoreOf(provider);
        TimeRangeSet stored = await store.GetCoverageAsync(stream, null, cancellationToken);
        TimeRangeSet empty = await store.GetKnownEmptyAsync(stream, null, null, cancellationToken);
        if (!ranges.Contains(null))
        {
            var asked = new TimeRangeSet(stream.Interval, ranges.Select(range => range!.Value));
            (stored, empty) = (stored.Intersect(asked), empty.Intersect(asked));
        }

        if (stored.Union(empty).Bounds is not { } bounds)
        {
            Post(() => WriteVerbose($"{stream}: nothing is stored there, and nothing was learnt as empty."));
            return;
        }

        if (!await ApproveAsync(
            stream,
            provider,
            $"Remove {stored.BarCount} bars, {bounds}, and forget {empty.BarCount} that were learnt as empty"))
        {
            return;
        }

        (long bars, long forgotten) = (0, 0);
        foreach (TimeRange? range in ranges.Contains(null) ? [null] : ranges)
        {
            RemovedHistory removed = await store.RemoveAsync(stream, range, cancellationToken);
            (bars, forgotten) = (bars + removed.Bars, forgotten + removed.EmptyBars);
        }

        await OutputAsync([new HistoryRemoval(provider, stream, bounds) { BarsRemoved = bars, EmptyForgotten = forgotten }]);
    }
}
