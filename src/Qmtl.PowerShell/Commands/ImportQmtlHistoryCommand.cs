using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Exporting;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Quality;
using Qmtl.Telemetry.Progress;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Stores the bars of files.</summary>
[Cmdlet(VerbsData.Import, "QmtlHistory", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackfillOutcome), typeof(Job))]
public sealed class ImportQmtlHistoryCommand : BackfillingCommand, ILongCommand
{
    /// <summary>Where to: a provider over a store, a store's path or connection string; that of Set-QmtlDefault by default.</summary>
    [Parameter(Position = 0)]
    [HistoryProviderArgument]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The files, or folders of them.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>The nodes to take, or the one of a file that does not name it.</summary>
    [Parameter]
    [Alias("Symbol")]
    [ValidateNotNullOrEmpty]
    public string[] NodeId { get; set; } = [];

    /// <summary>The intervals to take, or the one of a file that does not name it.</summary>
    [Parameter]
    [Alias("Timeframe")]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    [ValidateNotNullOrEmpty]
    public BarInterval[] Interval { get; set; } = [];

    /// <summary>What becomes of a bar that contradicts itself; it is stored with a warning by default.</summary>
    [Parameter]
    public BadBars OnBadBar { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if ((Provider ?? DefaultProvider.Current) is not { Store: { } store } provider)
        {
            Refuse(
                new ArgumentException(
                    "Bars of files go to a store of this library. Give -Provider its path, its connection string or a provider over it."),
                Provider);
            return;
        }

        foreach (string path in Path!)
        {
            RunForRecord(
                async cancellationToken =>
                {
                    foreach (string file in HistoryImport.FilesOf(ArgumentPath.Resolve(this, path)))
                    {
                        await ImportAsync(provider, store, file, cancellationToken);
                    }
                },
                path);
        }
    }

    private async Task ImportAsync(IHistoryProvider provider, IHistoryStore store, string file, CancellationToken cancellationToken)
    {
        var fetcher = new FileFetcher(file);
        IReadOnlyList<StreamKey> streams = await Task.Run(
            () => HistoryImport.StreamsOf(fetcher, file, NodeId, Interval, cancellationToken), cancellationToken);
        if (streams.Count == 0)
        {
            Post(() => WriteVerbose($"{file} has none of the streams."));
            return;
        }

        bool isApproved = false;
        await OnPipelineAsync(
            () => isApproved = ShouldProcess($"{provider.DisplayName}", $"Store the bars of {streams.Count} streams of {file}"));
        if (!isApproved)
        {
            return;
        }

        await DoLongAsync<ImportQmtlHistoryCommand>(
            (command, token) => command.StoreAsync(provider, store, fetcher, streams, token), file, cancellationToken);
    }

    private async Task StoreAsync(
        IHistoryProvider provider,
        IHistoryStore store,
        FileFetcher fetcher,
        IReadOnlyList<StreamKey> streams,
        CancellationToken cancellationToken)
    {
        var progress = new BackfillProgressTracker(streams.Count, TimeProvider.System);
        var engine = new BackfillEngine(
            HistoryImport.Options(new BackfillOptions { OnBadBar = OnBadBar }), onEvent: progress.Add, loggerFactory: CreateLog());
        await ShowWhileAsync(progress, async () =>
        {
            await foreach (BackfillResult result in HistoryImport.RunAsync(engine, store, fetcher, streams, cancellationToken))
            {
                await WriteAsync(() => WriteOutcome(new BackfillOutcome(provider, result)));
            }
        });
    }
}
