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
using Qmtl.Streams;
using Qmtl.Telemetry.Logging;
using Qmtl.Telemetry.Progress;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Fetches the bars that are missing in ranges and stores them.</summary>
[Cmdlet(
    VerbsLifecycle.Invoke,
    "QmtlBackfill",
    DefaultParameterSetName = StreamSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackfillOutcome))]
public sealed class InvokeQmtlBackfillCommand : BackfillingCommand
{
    private const string RangeSet = "Range";
    private const string StreamSet = "Stream";

    // Files that the operator was told about, whichever of their streams came first.
    private readonly ConcurrentDictionary<IDataFetcher, bool> _told = [];

    // All ranges of a stream go to the engine together, so that they share the source's pages.
    private readonly Dictionary<(IHistoryProvider Provider, StreamKey Stream), BackfillWork> _work = [];

    /// <summary>Streams of New-QmtlStreamInput: of each, the window of its period.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = StreamSet)]
    [ValidateNotNull]
    public StreamInput[]? InputObject { get; set; }

    /// <summary>Whose history.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = RangeSet)]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The node.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = RangeSet)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    public string? NodeId { get; set; }

    /// <summary>The interval.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true, ParameterSetName = RangeSet)]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    public BarInterval Interval { get; set; }

    /// <summary>The first instant; the first bar of a file or else of the store by default, and of a stream as many bars before the end as
    /// its period.</summary>
    [Parameter(Position = 3, ValueFromPipelineByPropertyName = true, ParameterSetName = RangeSet)]
    [Parameter(ParameterSetName = StreamSet)]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant, inside; the last bar of a file, or that has closed, by default.</summary>
    [Parameter(Position = 4, ValueFromPipelineByPropertyName = true, ParameterSetName = RangeSet)]
    [Parameter(ParameterSetName = StreamSet)]
    [InstantArgument]
    public DateTimeOffset? End { get; set; }

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

    /// <summary>What becomes of a bar that contradicts itself; it is stored with a warning by default.</summary>
    [Parameter]
    public BadBars OnBadBar { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is null)
        {
            RequireSource(Provider!);
            RunForRecord(FindRangeAsync, NodeId);
            return;
        }

        foreach (StreamInput stream in InputObject)
        {
            if (stream.HistoryProvider is not { } provider)
            {
                Refuse(
                    new InvalidOperationException(
                        $"The stream {stream.Key} has no history provider, so there is nothing to fill. Give New-QmtlStreamInput a "
                            + $"-HistoryProvider."),
                    stream);
                continue;
            }

            RequireSource(provider);
            Add(provider, new StreamKey(stream.NodeId, stream.Interval), Start ?? StartOfWindow(stream), End);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        List<BackfillWork> approved = [.. _work.Values.Where(
            work => ShouldProcess($"{work.Stream} in {work.Provider.DisplayName}", work.Describe(SourceOf(work.Provider))))];
        if (approved.Count > 0)
        {
            Run(cancellationToken => RunAsync(approved, cancellationToken));
        }
    }

    private DateTimeOffset StartOfWindow(StreamInput stream)
    {
        long lastClosed = stream.Interval.LastClosedBar(TimeProvider.System.GetUtcNow());
        long last = End is { } end ? Math.Min(stream.Interval.Floor(end.ToUnixTimeSeconds()), lastClosed) : lastClosed;
        return UnixTime.FromSeconds(stream.Interval.Add(last, 1 - stream.Period));
    }

    // A source that knows its extent gives the ends that nobody named, and a store the start.
    private async Task FindRangeAsync(CancellationToken cancellationToken)
    {
        IHistoryProvider provider = Provider!;
        var stream = new StreamKey(NodeId!, Interval);
        TimeRange? extent = (Start is null || End is null) && Filled(provider).Fetcher is { } fetcher
            ? await fetcher.FindExtentAsync(stream, cancellationToken)
            : null;
        (DateTimeOffset? first, DateTimeOffset? end) = AskedRange.Within(Start, End, extent);
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
            OnBadBar = OnBadBar,
        };
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

        var outcome = new BackfillOutcome(work.Provider, result);
        return WriteAsync(() =>
        {
            WriteObject(outcome);
            if (outcome.Error is { } error)
            {
                WriteError(error);
            }
        });
    }

    private string SourceOf(IHistoryProvider provider) => Filled(provider).Fetcher?.Name ?? provider.DisplayName;

    private IHistoryProvider Filled(IHistoryProvider provider) => Fetcher is { } fetcher ? provider.From(fetcher) : provider;

    private void RequireSource(IHistoryProvider provider)
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
