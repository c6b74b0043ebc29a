using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Exporting;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Writes bars to files that other programs read, and Import-QmtlHistory exactly as they were.</summary>
[Cmdlet(
    VerbsData.Export,
    "QmtlHistory",
    DefaultParameterSetName = ProviderSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo), typeof(Job))]
public sealed class ExportQmtlHistoryCommand : StreamRangeCommand, ILongCommand
{
    // In the order in which they come; of one stream, coverage may come as many objects.
    private readonly List<(StreamKey Stream, TimeRange Range)> _streams = [];
    private IHistoryProvider? _provider;

    /// <summary>The file, whose name says the format, or with -Partition the folder.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Whether each stream and year has a Parquet file of its own, in folders that say which.</summary>
    [Parameter]
    public SwitchParameter Partition { get; set; }

    /// <summary>Whether a file that is there is replaced.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Whether the files are written to the pipeline.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams((provider, streams, _) =>
    {
        RequireSame(ref _provider, provider, "An export");
        _streams.AddRange(streams.Select(stream => (stream, AskedRange.Between(StartOf(stream.Interval), End))));
        return Task.CompletedTask;
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_provider is not { } provider)
        {
            return;
        }

        string path;
        try
        {
            path = ArgumentPath.Resolve(this, Path!);
            HistoryExport.Validate(path, Partition, Force);
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, Path);
            return;
        }

        if (!ShouldProcess(path, $"Write {_streams.Select(static one => one.Stream).Distinct().Count()} streams of {provider.DisplayName}"))
        {
            return;
        }

        RunLong<ExportQmtlHistoryCommand>(
            (command, cancellationToken) => command.WriteAsync(provider, path, cancellationToken), provider);
        base.EndProcessing();
    }

    private async Task WriteAsync(IHistoryProvider provider, string path, CancellationToken cancellationToken)
    {
        ExportResult result = Partition
            ? await HistoryExport.WritePartitionsAsync(provider, _streams, path, cancellationToken)
            : await HistoryExport.WriteFileAsync(provider, _streams, path, Force, cancellationToken);
        Post(() => WriteVerbose($"{result.Bars} bars in {result.Files.Count} files."));
        if (PassThru)
        {
            await OutputAsync(result.Files.Select(static file => new FileInfo(file)));
        }
    }
}
