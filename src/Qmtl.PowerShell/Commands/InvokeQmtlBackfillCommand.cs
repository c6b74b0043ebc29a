using System.Collections.Concurrent;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Quality;
using Qmtl.Telemetry.Logging;
using Qmtl.Telemetry.Progress;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Fetches the bars that are missing in ranges and stores them.</summary>
[Cmdlet(
    VerbsLifecycle.Invoke,
    "QmtlBackfill",
    DefaultParameterSetName = ProviderSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackfillOutcome), typeof(Job))]
public sealed class InvokeQmtlBackfillCommand : StreamRangeCommand, ILongCommand
{
    // Files that the operator was told about, whichever of their streams came first.
    private readonly ConcurrentDictionary<IDataFetcher, bool> _told = [];

    // All ranges of a stream go to the engine together, so that they share the source's pages.
    private readonly Dictionary<(IHistoryProvider Provider, StreamKey Stream), BackfillWork> _work = [];

    /// <summary>The source to ask in place of the provider's own.</summary>
    [Parameter]
    [FetcherArgument]
    public IDataFetcher? Fetcher { get; set; }

    /// <summary>The most requests that run at once, over all streams; 4 by default.</summary>
    [Parameter]
    [ValidateRange(1, 256)]
    public int ThrottleLimit { get; set; } = new BackfillOptions().ThrottleLimit;

    /// <summary>How often a request that failed for a passing reason is tried again; 3 by default.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int MaxRetries { get; set; } = new BackfillOptions().MaxRetries;

    /// <summary>Whether bars that the source is known not to have are asked for again.</summary>
    [Parameter]
    public SwitchParameter RetryEmpty { get; set; }

    /// <summary>What becomes of a row that opens off the interval's grid; it is refused by default.</summary>
    [Parameter]
    public OffGridRows OffGrid { get; set; }

    /// <summary>Whether stored bars are asked for again, too, and those that differ are replaced.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>What becomes of a bar that contradicts itself; it is stored with a warning by default.</summary>
    [Parameter]
    public BadBars OnBadBar { get; set; }

    /// <summary>The cluster whose members do the work, each with its own access to the provider's store and source.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Cluster { get; set; }

    /// <summary>The file of PEM with the certificate and key that all of the cluster have.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ClusterCertificate { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    private protected override bool MakesStreams => true;

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForWindows(
        End,
        (provider, stream, start) => Add(provider, stream, StartOf(stream.Interval) ?? start, End),
        async (provider, streams, cancellationToken) =>
        {
            foreach (StreamKey stream in streams)
            {
                await FindRangeAsync(provider, stream, cancellationToken);
            }
        });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // Before a job begins, which knows nothing of the shell's folder.
        ClusterCertificate = ClusterCertificate is null ? null : ArgumentPath.Resolve(this, ClusterCertificate);
        List<BackfillWork> approved = [.. _work.Values.Where(
            work => ShouldProcess($"{work.Stream} in {work.Provider.DisplayName}", work.Describe(SourceOf(work.Provider), Force)))];
        if (approved.Count > 0)
        {
            RunLong<InvokeQmtlBackfillCommand>((command, cancellationToken) => command.RunAsync(approved, cancellationToken));
        }

        base.EndProcessing();
    }

    /// <inheritdoc/>
    private protected override void Tell(MissingStream problem)
    {
        // A text that nothing stored is like is the id of a node that is to be stored.
        if (problem.Streams.Count == 0)
        {
            base.Tell(problem.Name is null ? problem : problem with { Message = $"{problem.Message} Give a new node its -Interval." });
        }
    }

    // A source that knows its extent gives the ends that nobody named, and a store the start.
    private async Task FindRangeAsync(IHistoryProvider provider, StreamKey stream, CancellationToken cancellationToken)
    {
        DateTimeOffset? asked = StartOf(stream.Interval);
        TimeRange? extent = (asked is null || End is null) && Filled(provider).Fetcher is { } fetcher
            ? await fetcher.FindExtentAsync(stream, cancellationToken)
            : null;
        (DateTimeOffset? first, DateTimeOffset? end) = AskedRange.Within(asked, End, extent);
        DateTimeOffset start = first ?? AskedRange.FirstBar(
            stream, await provider.GetCoverageAsync(stream, cancellationToken: cancellationToken), provider.DisplayName, "-Start");
        await OnPipelineAsync(() => Add(provider, stream, start, end));
    }

    private void Add(IHistoryProvider provider, StreamKey stream, DateTimeOffset start, DateTimeOffset? end)
    {
        try
        {
            TimeRange? range = AskedRange.Closed(stream.Interval, start, end, TimeProvider.System.GetUtcNow(), out string? note);
            if (note is not null)
            {
                WriteVerbose($"{stream}: {note}");
            }

            if (range is null)
            {
                return;
            }

            if (!_work.TryGetValue((provider, stream), out BackfillWork? work))
            {
                work = new BackfillWork(provider, stream);
                _work.Add((provider, stream), work);
            }

            work.Ranges.Add(range.Value);
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, stream.NodeId);
        }
    }

    private async Task RunAsync(List<BackfillWork> approved, CancellationToken cancellationToken)
    {
        var progress = new BackfillProgressTracker(approved.Count, TimeProvider.System);
        StreamLogger log = CreateLog();
        var options = new BackfillOptions
        {
            ThrottleLimit = ThrottleLimit,
            MaxRetries = MaxRetries,
            RetryEmpty = RetryEmpty,
            OffGrid = OffGrid,
            Force = Force,
            OnBadBar = OnBadBar,
        };
        if (Cluster is not null)
        {
            await using ClusterRun cluster = await ClusterRun.ConnectAsync(Cluster, ClusterCertificate, cancellationToken);
            await ShowWhileAsync(
                progress, () => cluster.RunAsync(approved, Filled, options, progress.Add, log, EmitAsync, cancellationToken));
            return;
        }

        var engine = new BackfillEngine(options, onEvent: progress.Add, loggerFactory: log);
        await ShowWhileAsync(progress, () => Task.WhenAll(approved.Select(work => CompleteAsync(engine, work, log, cancellationToken))));
    }

    private async Task CompleteAsync(BackfillEngine engine, BackfillWork work, StreamLogger log, CancellationToken cancellationToken)
    {
        IHistoryProvider provider = Filled(work.Provider);
        await foreach (BackfillResult result in provider.CompleteAsync(work.Stream, work.Ranges, engine, cancellationToken))
        {
            await EmitAsync(work, result);
        }

        if (provider.Fetcher is { Reading: not null } fetcher && _told.TryAdd(fetcher, true))
        {
            SourceLog.Read(log, fetcher);
        }
    }

    private Task EmitAsync(BackfillWork work, BackfillResult result)
    {
        // Ranges are cancelled only when the shell has stopped the pipeline, and then nobody takes their results.
        if (result.Status == BackfillStatus.Cancelled)
        {
            return Task.CompletedTask;
        }

        return WriteAsync(() => WriteOutcome(new BackfillOutcome(work.Provider, result)));
    }

    private string SourceOf(IHistoryProvider provider) => Filled(provider).Fetcher?.Name ?? provider.DisplayName;

    private IHistoryProvider Filled(IHistoryProvider provider) => Fetcher is { } fetcher ? provider.From(fetcher) : provider;

    /// <inheritdoc/>
    private protected override void Require(IHistoryProvider provider)
    {
        try
        {
            if (Filled(provider).Obstacle is { } obstacle)
            {
                throw new InvalidOperationException(
                    $"{obstacle}. Give it one, or use a provider of New-QmtlHistoryProvider with -Fetcher (New-QmtlFetcher makes one); "
                        + $"such a provider can be given one here, too.");
            }
        }
        catch (InvalidOperationException problem)
        {
            ThrowTerminatingError(new ErrorRecord(problem, "NoFetcher", ErrorCategory.InvalidOperation, provider));
        }
    }
}
