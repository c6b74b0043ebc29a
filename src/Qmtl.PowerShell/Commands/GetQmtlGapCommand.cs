using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells which bars a provider lacks.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlGap", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(Gap))]
public sealed class GetQmtlGapCommand : StreamRangeCommand
{
    // Coverage of one stream comes as many objects; its gaps lie between them, so all of them are needed first.
    private readonly Dictionary<(IHistoryProvider Provider, StreamKey Stream), (DateTimeOffset? Start, DateTimeOffset? End)> _asked = [];

    // One bound of the operator's and one of the coverage's may leave nothing of a stream, and that is no mistake.
    private bool _boundsAreOfOneOrigin;

    /// <summary>Whether bars that the source is known not to have are gaps too.</summary>
    [Parameter]
    public SwitchParameter IncludeEmpty { get; set; }

    /// <summary>The source whose "none" counts; the provider's own by default, and any source's where it has none.</summary>
    [Parameter]
    [FetcherArgument]
    public IDataFetcher? Fetcher { get; set; }

    /// <inheritdoc/>
    // Of a stream that is not stored all is missing, as far as it is said from where on.
    private protected override bool IsTaken(MissingStream problem) =>
        problem is { IsOfOneStream: true, Streams.Count: > 0 } && (Start is not null || Last is not null);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _boundsAreOfOneOrigin = Last is null && Start.HasValue == End.HasValue;
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams((provider, streams, cancellationToken) =>
    {
        if (_boundsAreOfOneOrigin && Start is not null && End is not null)
        {
            _ = AskedRange.Between(Start, End);
        }

        foreach (StreamKey stream in streams)
        {
            (DateTimeOffset? start, DateTimeOffset? end) = (StartOf(stream.Interval), End);
            _asked[(provider, stream)] = _asked.TryGetValue((provider, stream), out (DateTimeOffset? Start, DateTimeOffset? End) known)
                ? (start < known.Start ? start : known.Start, end > known.End ? end : known.End)
                : (start, end);
        }

        return Task.CompletedTask;
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (((IHistoryProvider provider, StreamKey stream), (DateTimeOffset? start, DateTimeOffset? end)) in _asked)
        {
            RunForRecord(cancellationToken => FindAsync(provider, stream, start, end, cancellationToken), provider);
        }
    }

    /// <inheritdoc/>
    private protected override void Tell(MissingStream problem)
    {
        if (IsTaken(problem))
        {
            WriteWarning($"{problem.Message} All of it is missing.");
        }
        else
        {
            base.Tell(problem);
        }
    }

    private async Task FindAsync(
        IHistoryProvider provider, StreamKey stream, DateTimeOffset? start, DateTimeOffset? end, CancellationToken cancellationToken)
    {
        start ??= AskedRange.FirstBar(
            stream, await provider.GetCoverageAsync(stream, null, cancellationToken), provider.DisplayName, "-Start");
        if (start > end)
        {
            Post(() => WriteVerbose($"{stream}: nothing of its coverage lies between -Start and -End."));
            return;
        }

        TimeRange? range = AskedRange.Closed(stream.Interval, start.Value, end, TimeProvider.System.GetUtcNow(), out string? note);
        if (note is not null)
        {
            Post(() => WriteVerbose($"{stream}: {note}"));
        }

        if (range is null)
        {
            return;
        }

        TimeRangeSet gaps = await GapFinder.FindAsync(
            provider, stream, range.Value, Fetcher?.GetName(stream), IncludeEmpty, cancellationToken);
        Post(() => WriteVerbose($"{stream}: {gaps.BarCount} bars missing in {gaps.Count} gaps, {range}."));
        await OutputAsync([.. gaps.Select(gap => new Gap(provider, stream, gap))]);
    }
}
