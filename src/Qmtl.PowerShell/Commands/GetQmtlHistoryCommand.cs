using System.Management.Automation;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Reads the bars of a stream.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlHistory")]
[OutputType(typeof(PSObject))]
public sealed class GetQmtlHistoryCommand : AsyncCommand
{
    /// <summary>Whose history.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The node.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    public string? NodeId { get; set; }

    /// <summary>The interval.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval Interval { get; set; }

    /// <summary>The first instant; all there is by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant, inside; all there is by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [InstantArgument]
    public DateTimeOffset? End { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        StreamKey stream;
        TimeRange range;
        try
        {
            stream = new StreamKey(NodeId!, Interval);
            range = RangeArguments.Between(Start, End);
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
                    await OutputAsync(BarObjects.Of(stream, frame));
                }
            },
            provider);
    }
}
