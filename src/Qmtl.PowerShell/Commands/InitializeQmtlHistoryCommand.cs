using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Quality;
using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Telemetry.Progress;

namespace Qmtl.PowerShell.Commands;

/// <summary>Warms streams up: makes sure of the history that each needs and loads it into its cache.</summary>
[Cmdlet(VerbsData.Initialize, "QmtlHistory", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(WarmupOutcome), typeof(Job))]
public sealed class InitializeQmtlHistoryCommand : BackfillingCommand, ILongCommand
{
    // Streams warm up at once, so all of them are needed first.
    private readonly List<StreamInput> _streams = [];

    /// <summary>The streams.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public StreamInput[]? InputObject { get; set; }

    /// <summary>The first instant; as many bars before the end as a stream's period by default.</summary>
    [Parameter]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant, inside; the last bar that has closed by default.</summary>
    [Parameter]
    [InstantArgument(IsEnd = true)]
    public DateTimeOffset? End { get; set; }

    /// <summary>What a hole that no source can fill means: a warning (Skip, the default) or a failure of the stream (Fail).</summary>
    [Parameter]
    public OnMissing OnMissing { get; set; }

    /// <summary>The most requests that run at once, and the most streams; 4 by default.</summary>
    [Parameter]
    [ValidateRange(1, 256)]
    public int ThrottleLimit { get; set; } = new BackfillOptions().ThrottleLimit;

    /// <summary>How often a request that failed for a passing reason is tried again; 3 by default.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int MaxRetries { get; set; } = new BackfillOptions().MaxRetries;

    /// <summary>What becomes of a source's row that opens off the interval's grid; it is refused by default.</summary>
    [Parameter]
    public OffGridRows OffGrid { get; set; }

    /// <summary>What becomes of a bar that contradicts itself; it is stored with a warning by default.</summary>
    [Parameter]
    public BadBars OnBadBar { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _streams.AddRange(InputObject!.Where(stream =>
        ShouldProcess(
            stream.Key.ToString(), $"Load its last {stream.Period} bars from {stream.HistoryProvider?.DisplayName ?? "nowhere"}")));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_streams.Count > 0)
        {
            RunLong<InitializeQmtlHistoryCommand>((command, cancellationToken) => command.RunAsync(cancellationToken));
        }

        base.EndProcessing();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var progress = new BackfillProgressTracker(_streams.Distinct().Count(), TimeProvider.System);
        var warmup = new HistoryWarmup(new HistoryWarmupOptions
        {
            Start = Start,
            End = End,
            OnMissing = OnMissing,
            Backfill = new BackfillOptions
            {
                ThrottleLimit = ThrottleLimit,
                MaxRetries = MaxRetries,
                OffGrid = OffGrid,
                OnBadBar = OnBadBar,
            },
            OnWarning = warning => Post(() => WriteWarning(warning)),
            OnEvent = progress.Add,
            LoggerFactory = CreateLog(),
        });
        await ShowWhileAsync(progress, async () =>
        {
            await foreach (WarmupResult result in warmup.RunAsync(_streams, cancellationToken))
            {
                await WriteAsync(() => WriteOutcome(new WarmupOutcome(result)));
            }
        });
    }
}
