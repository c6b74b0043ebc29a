using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells how late and how complete streams are, the worst first.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlStatus", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(StreamStatusRow))]
public sealed class GetQmtlStatusCommand : StreamsCommand
{
    private readonly List<StreamStatusRow> _found = [];

    /// <summary>
    /// How long after its close a bar may be missing: a number of bars, or a length of time (5m, 2h); two bars by default, from five minutes
    /// to a day.
    /// </summary>
    [Parameter]
    [SpanArgument]
    [ValidateNotNullOrEmpty]
    public string? Budget { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams(async (provider, streams, cancellationToken) =>
    {
        AskedSpan? budget = Budget is null ? null : AskedSpan.Parse(Budget);
        IReadOnlyList<StreamStatus> found = await StreamStatus.FindAsync(
            provider,
            [.. streams.Select(stream => new StreamExpectation(stream, null, budget?.LengthOf(stream.Interval)))],
            TimeProvider.System.GetUtcNow(),
            cancellationToken);
        _found.AddRange(found.Select(status => new StreamStatusRow(provider, status)));
    });

    /// <inheritdoc/>
    protected override void EndProcessing() =>
        WriteObject(_found.OrderBy(row => row.Status, StreamStatus.WorstFirst), enumerateCollection: true);
}
