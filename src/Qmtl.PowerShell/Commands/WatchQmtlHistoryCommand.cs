using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;

namespace Qmtl.PowerShell.Commands;

/// <summary>Keeps streams complete until it is stopped, and emits what comes of it.</summary>
[Cmdlet(VerbsCommon.Watch, "QmtlHistory", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(BackfillOutcome), typeof(Job))]
public sealed class WatchQmtlHistoryCommand : StreamsCommand, ILongCommand
{
    private const string PathSet = "Path";

    private readonly List<KeptStream> _streams = [];

    /// <summary>The file that declares what is kept.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [Alias("Config")]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>From when on the history is to be complete; the first stored bar by default.</summary>
    [Parameter(Position = 3, ValueFromPipelineByPropertyName = true, ParameterSetName = ProviderSet)]
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true, ParameterSetName = DefaultSet)]
    [Alias("Since")]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>How many of the newest stored bars are compared whenever a new one comes; 3 by default.</summary>
    [Parameter(ParameterSetName = ProviderSet)]
    [Parameter(ParameterSetName = DefaultSet)]
    [ValidateRange(0, 1000)]
    public int Compare { get; set; } = KeptStream.DefaultCompare;

    /// <summary>The most requests that run at once for each source and store; 4 by default.</summary>
    [Parameter(ParameterSetName = ProviderSet)]
    [Parameter(ParameterSetName = DefaultSet)]
    [ValidateRange(1, 256)]
    public int ThrottleLimit { get; set; } = new BackfillOptions().ThrottleLimit;

    /// <summary>Whether everything is completed once, in place of for ever.</summary>
    [Parameter]
    public SwitchParameter Once { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    private protected override bool MakesStreams => true;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == PathSet)
        {
            return;
        }

        RunForWindows(
            end: null,
            (provider, stream, start) => Add(provider, stream, Start ?? start),
            async (provider, streams, cancellationToken) =>
            {
                foreach (StreamKey stream in streams)
                {
                    Add(provider, stream, Start ?? await FindFirstAsync(provider, stream, cancellationToken));
                }
            });
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // Before a job begins, which knows nothing of the shell's folder.
        Path = Path is null ? null : ArgumentPath.Resolve(this, Path);
        if (Path is not null || _streams.Count > 0)
        {
            RunLong<WatchQmtlHistoryCommand>((command, cancellationToken) => command.RunAsync(cancellationToken), Path);
        }

        base.EndProcessing();
    }

    /// <inheritdoc/>
    private protected override void Require(IHistoryProvider provider)
    {
        if (provider.Store is null || provider.Fetcher is null)
        {
            string obstacle = provider.Obstacle ?? $"{provider.DisplayName} fills itself, by ways of its own";
            ThrowTerminatingError(new ErrorRecord(
                new InvalidOperationException(
                    $"{obstacle}, so it cannot be kept complete. Use a provider of New-QmtlHistoryProvider with -Fetcher "
                        + "(New-QmtlFetcher makes one)."),
                "NoFetcher",
                ErrorCategory.InvalidOperation,
                provider));
        }
    }

    private static async Task<DateTimeOffset> FindFirstAsync(
        IHistoryProvider provider, StreamKey stream, CancellationToken cancellationToken) => AskedRange.FirstBar(
            stream, await provider.GetCoverageAsync(stream, cancellationToken: cancellationToken), provider.DisplayName, "-Start");

    private void Add(IHistoryProvider provider, StreamKey stream, DateTimeOffset start) =>
        _streams.Add(KeptStream.Of(provider, stream, start.ToUnixTimeSeconds(), Compare));

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        KeepDeclaration declaration = Path is not null
            ? KeepDeclaration.Read(Path)
            : new KeepDeclaration { Streams = _streams, Options = new BackfillOptions { ThrottleLimit = ThrottleLimit } };
        var outcomes = new KeepOutcomeQueue();
        await using var keeper = new HistoryKeeper(declaration, onOutcome: outcomes.Add, loggerFactory: CreateLog());
        var providers = new Dictionary<(KeptSource, KeptStore), IHistoryProvider>();
        await outcomes.WriteWhileAsync(
            stop => Once ? keeper.RunOnceAsync(stop) : keeper.RunAsync(stop),
            outcome => EmitAsync(ProviderOf(outcome.Kept), outcome.Result, cancellationToken),
            cancellationToken);

        IHistoryProvider ProviderOf(KeptStream kept)
        {
            if (!providers.TryGetValue((kept.Source, kept.Store), out IHistoryProvider? provider))
            {
                (IDataFetcher fetcher, IHistoryStore store) = keeper.PartsOf(kept);
                providers.Add((kept.Source, kept.Store), provider = new StoreHistoryProvider(store, fetcher));
            }

            return provider;
        }
    }

    // When the shell has stopped the pipeline, nobody takes what still comes.
    private Task EmitAsync(IHistoryProvider provider, BackfillResult result, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? Task.CompletedTask
            : WriteAsync(() => WriteOutcome(new BackfillOutcome(provider, result)));
}
