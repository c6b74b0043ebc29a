using System.Management.Automation;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells which bars a provider holds.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlCoverage", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(Coverage))]
public sealed class GetQmtlCoverageCommand : StreamsCommand
{
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

        RunForStreams(async (provider, streams, cancellationToken) =>
        {
            foreach (StreamKey stream in streams)
            {
                TimeRangeSet covered = await provider.GetCoverageAsync(stream, within, cancellationToken);
                await OutputAsync([.. covered.Select(range => new Coverage(provider, stream, range))]);
            }
        });
    }
}
