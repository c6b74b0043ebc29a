using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Reads the bars of a stream.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlHistory")]
[OutputType(typeof(PSObject))]
public sealed class GetQmtlHistoryCommand : StreamRangeCommand
{
    /// <summary>Whether times are ISO 8601 text and numbers text with a point, whatever the shell's culture, for Export-Csv.</summary>
    [Parameter]
    public SwitchParameter AsText { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        StreamKey stream;
        TimeRange range;
        try
        {
            stream = new StreamKey(NodeId!, Interval);
            range = AskedRange.Between(Start, End);
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, NodeId);
            return;
        }

        IHistoryProvider provider = Provider!;
        RunForRecord(
            async cancellationToken =>
            {
                await foreach (BarFrame frame in provider.FetchAsync(stream, range, cancellationToken).WithCancellation(cancellationToken))
                {
                    await OutputAsync(BarObjects.Of(stream, frame, AsText));
                }
            },
            provider);
    }
}
