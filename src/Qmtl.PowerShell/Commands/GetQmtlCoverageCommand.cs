using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells which bars a provider holds.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlCoverage")]
[OutputType(typeof(Coverage))]
public sealed class GetQmtlCoverageCommand : AsyncCommand
{
    /// <summary>Whose history.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The node; every node of the store by default.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [ValidateNotNullOrEmpty]
    public string? NodeId { get; set; }

    /// <summary>The interval; every interval of the node by default.</summary>
    [Parameter(Position = 2)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval? Interval { get; set; }

    /// <summary>Only bars that open at or after this.</summary>
    [Parameter]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>Only bars that open at or before this.</summary>
    [Parameter]
    [InstantArgument]
    public DateTimeOffset? End { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IHistoryProvider provider = Provider!;
        TimeRange? within;
        try
        {
            within = Start is null && End is null ? null : AskedRange.Between(Start, End);
        }
        catch (ArgumentException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, null));
            return;
        }

        RunForRecord(
            async cancellationToken =>
            {
                foreach (StreamKey stream in await GetStreamsAsync(provider, cancellationToken))
                {
                    TimeRangeSet covered = await provider.GetCoverageAsync(stream, within, cancellationToken);
                    await OutputAsync([.. covered.Select(range => new Coverage(provider, stream, range))]);
                }
            },
            provider);
    }

    private async Task<IEnumerable<StreamKey>> GetStreamsAsync(IHistoryProvider provider, CancellationToken cancellationToken)
    {
        if (NodeId is { } nodeId && Interval is { } interval)
        {
            return [new StreamKey(nodeId, interval)];
        }

        IReadOnlyList<StreamKey> streams;
        try
        {
            streams = await provider.GetStreamsAsync(cancellationToken);
        }
        catch (NotSupportedException cannotList)
        {
            throw new ArgumentException($"{cannotList.Message} Name one with -NodeId and -Interval.", cannotList);
        }

        return streams.Where(stream => (NodeId is null || stream.NodeId == NodeId) && (Interval is null || stream.Interval == Interval));
    }
}
