using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Reporting;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Writes one HTML page of what a provider holds.</summary>
[Cmdlet(VerbsData.Export, "QmtlCoverageReport", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo))]
public sealed class ExportQmtlCoverageReportCommand : AsyncCommand
{
    /// <summary>Whose history.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The page's file, which is replaced.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The node; every node of the store by default.</summary>
    [Parameter(Position = 2)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [ValidateNotNullOrEmpty]
    public string? NodeId { get; set; }

    /// <summary>The interval; every interval of the node by default.</summary>
    [Parameter(Position = 3)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval? Interval { get; set; }

    /// <summary>The first instant that is looked at; each stream's first bar by default.</summary>
    [Parameter]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant that is looked at; the last bar that has closed by default.</summary>
    [Parameter]
    [InstantArgument]
    public DateTimeOffset? End { get; set; }

    /// <summary>The page's title.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>How many candles a stream has at most; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0, CoveragePageOptions.MostCandles)]
    public int CandleCount { get; set; } = new CoveragePageOptions().Candles;

    /// <summary>Whether the file is written to the pipeline.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IHistoryProvider provider = Provider!;
        string path;
        CoveragePageOptions options;
        try
        {
            path = ArgumentPath.Resolve(this, Path!);
            CoveragePage.Validate(path);
            options = new CoveragePageOptions { Title = Title, Start = Start, End = End, Candles = CandleCount, OnProgress = Show };
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, Path);
            return;
        }

        if (!ShouldProcess(path, "Write a report"))
        {
            return;
        }

        RunForRecord(
            async cancellationToken =>
            {
                IReadOnlyList<StreamKey> streams = NodeId is { } nodeId && Interval is { } interval
                    ? [new StreamKey(nodeId, interval)]
                    : [.. (await provider.GetStreamsAsync(cancellationToken))
                        .Where(stream => (NodeId ?? stream.NodeId) == stream.NodeId && (Interval ?? stream.Interval) == stream.Interval)];
                await CoveragePage.WriteAsync(provider, streams, path, options, cancellationToken);
                if (PassThru)
                {
                    await OutputAsync([new FileInfo(path)]);
                }
            },
            provider);
        WriteProgress(new ProgressRecord(ActivityId, Activity, " ") { RecordType = ProgressRecordType.Completed });
    }

    private const int ActivityId = 5160;
    private const string Activity = "Reporting";

    private void Show(int done, int all) => Post(() =>
        WriteProgress(new ProgressRecord(ActivityId, Activity, $"{done} of {all} steps") { PercentComplete = 100 * done / all }));
}
