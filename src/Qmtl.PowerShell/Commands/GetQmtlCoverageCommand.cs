using System.Management.Automation;
using Qmtl.Data;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells which bars a provider holds.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlCoverage", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(Coverage))]
public sealed class GetQmtlCoverageCommand : StreamRangeCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams(async (provider, streams, cancellationToken) =>
    {
        foreach (StreamKey stream in streams)
        {
            DateTimeOffset? start = StartOf(stream.Interval);
            TimeRange? within = start is null && End is null ? null : AskedRange.Between(start, End);
            TimeRangeSet covered = await provider.GetCoverageAsync(stream, within, cancellationToken);
            await OutputAsync([.. covered.Select(range => new Coverage(provider, stream, range))]);
        }
    });
}
