using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Reads the bars of a stream.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlHistory", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(PSObject))]
public sealed class GetQmtlHistoryCommand : StreamRangeCommand
{
    /// <summary>Whether times are ISO 8601 text and numbers text with a point, whatever the shell's culture, for Export-Csv.</summary>
    [Parameter]
    public SwitchParameter AsText { get; set; }

    /// <summary>At most so many bars of each stream, from the first on.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams(async (provider, streams, cancellationToken) =>
    {
        foreach (StreamKey stream in streams)
        {
            await ReadAsync(provider, stream, cancellationToken);
        }
    });

    private async Task ReadAsync(IHistoryProvider provider, StreamKey stream, CancellationToken cancellationToken)
    {
        TimeRange range = AskedRange.Between(Span is { Bars: not null } ? null : StartOf(stream.Interval), End);
        if (Span is { Bars: { } last })
        {
            // Bars that are stored are counted, not those that could be.
            TimeRangeSet stored = await provider.GetCoverageAsync(stream, range, cancellationToken);
            if (stored.IsEmpty)
            {
                return;
            }

            range = new TimeRange(stored.OpenOfLast(last), range.End);
        }

        int left = First;
        await foreach (BarFrame frame in provider.FetchAsync(stream, range, cancellationToken).WithCancellation(cancellationToken))
        {
            await OutputAsync(BarObjects.Of(stream, frame, AsText).Take(left));
            left -= Math.Min(left, frame.Count);
            if (left == 0)
            {
                return;
            }
        }
    }
}
