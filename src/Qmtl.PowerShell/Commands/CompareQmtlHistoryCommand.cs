using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Telemetry.Progress;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Compares stored bars with a source or with another store, and repairs them on demand.</summary>
[Cmdlet(
    VerbsData.Compare,
    "QmtlHistory",
    DefaultParameterSetName = ProviderSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(HistoryDifference), typeof(HistoryComparisonSummary), typeof(Job))]
public sealed class CompareQmtlHistoryCommand : StoredRangeCommand, ILongCommand
{
    // As Write-Host marks what is for people.
    private static readonly string[] ForPeople = ["PSHOST"];

    private ValueTolerance _tolerance;

    /// <summary>The source to compare with; the provider's own by default.</summary>
    [Parameter]
    [FetcherArgument]
    public IDataFetcher? Fetcher { get; set; }

    /// <summary>Another store to compare with, in place of a source.</summary>
    [Parameter]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? ReferenceProvider { get; set; }

    /// <summary>How many bars of each stream are compared, chosen at random; all by default.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    public int? SampleSize { get; set; }

    /// <summary>With what the choice begins, so that the same bars are chosen again.</summary>
    [Parameter]
    public int? Seed { get; set; }

    /// <summary>How far floating-point values may lie apart: 0.01, or 0.01% of the other's value; not at all by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Tolerance { get; set; }

    /// <summary>Whether what differs or is missing is replaced by the other's bars, with a trail that Get-QmtlRevision shows.</summary>
    [Parameter]
    public SwitchParameter Repair { get; set; }

    /// <summary>Whether one object a stream says what was found, in place of one for each difference.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <summary>The most requests that run at once; 4 by default.</summary>
    [Parameter]
    [ValidateRange(1, 256)]
    public int ThrottleLimit { get; set; } = new BackfillOptions().ThrottleLimit;

    /// <summary>How often a request that failed for a passing reason is tried again; 3 by default.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int MaxRetries { get; set; } = new BackfillOptions().MaxRetries;

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _tolerance = Tolerance is null ? default : ValueTolerance.Parse(Tolerance);
        }
        catch (ArgumentException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Tolerance));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Fetcher is not null && ReferenceProvider is not null)
        {
            Refuse(new ArgumentException("-Fetcher names a source, -ReferenceProvider a store to compare with. Give one of them."), null);
        }
        else
        {
            RunForStreams(async (provider, streams, cancellationToken) =>
            {
                foreach (StreamKey stream in streams)
                {
                    await PrepareAsync(provider, stream, cancellationToken);
                }
            });
        }
    }

    private async Task PrepareAsync(IHistoryProvider provider, StreamKey stream, CancellationToken cancellationToken)
    {
        IDataFetcher source = SourceFor(provider);
        TimeRange? range = await HistoryComparison.FindRangeAsync(
            StoreOf(provider), source, stream, StartOf(stream.Interval), End, cancellationToken);
        if (range is not { } bars)
        {
            Post(() => WriteVerbose($"{stream}: nothing is stored there."));
            return;
        }

        string name = source.GetName(stream);
        bool repair = Repair && await ApproveAsync(stream, provider, $"Replace the bars, {bars}, that differ from those of {name}");
        var comparison = new HistoryComparison(StoreOf(provider), source, stream, bars)
        {
            SampleSize = SampleSize,
            Seed = Seed,
            Repair = repair,
            AbsoluteTolerance = _tolerance.Absolute,
            RelativeTolerance = _tolerance.Relative,
        };
        await DoLongAsync<CompareQmtlHistoryCommand>(
            (command, token) => command.CompareAsync(comparison, provider, stream, name, repair, token), provider, cancellationToken);
    }

    private async Task CompareAsync(
        HistoryComparison comparison,
        IHistoryProvider provider,
        StreamKey stream,
        string name,
        bool repair,
        CancellationToken cancellationToken)
    {
        var options = new BackfillOptions { ThrottleLimit = ThrottleLimit, MaxRetries = MaxRetries };
        var progress = new BackfillProgressTracker(1, TimeProvider.System);
        await ShowWhileAsync(progress, async () =>
        {
            await foreach (BarDifference difference in comparison.RunAsync(
                options, onEvent: progress.Add, loggerFactory: CreateLog(), cancellationToken: cancellationToken))
            {
                if (!Summary)
                {
                    await OutputAsync([new HistoryDifference(provider, stream, difference, name, repair)]);
                }
            }
        });
        await WriteAsync(() => Conclude(provider, comparison.Summary, name));
    }

    private void Conclude(IHistoryProvider provider, ComparisonSummary summary, string source)
    {
        if (Summary)
        {
            WriteObject(new HistoryComparisonSummary(provider, summary, source));
        }
        else if (summary.IsSample)
        {
            // What a sample did not find proves nothing without how sure it is.
            WriteInformation(new HostInformationMessage { Message = summary.ToString() }, ForPeople);
        }
        else
        {
            WriteVerbose(summary.ToString());
        }
    }

    // A store that is not there would have nothing: every stored bar would be one too many.
    private IDataFetcher SourceFor(IHistoryProvider provider) =>
        ReferenceProvider?.Store?.Info.FilePath is { } path && !File.Exists(path)
            ? throw new ArgumentException($"There is no store '{path}' to compare with. Correct -ReferenceProvider.")
        : ReferenceProvider is { } reference ? new StoreFetcher(StoreOf(reference))
        : Fetcher ?? provider.Fetcher
        ?? throw new InvalidOperationException(
            $"{provider.DisplayName} has no source to compare with. Give one with -Fetcher (New-QmtlFetcher makes one), or another store "
                + $"with -ReferenceProvider.");
}
