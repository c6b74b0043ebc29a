using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells which bars a provider lacks.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlGap")]
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
    protected override void BeginProcessing() => _boundsAreOfOneOrigin = Start.HasValue == End.HasValue;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        StreamKey stream;
        try
        {
            stream = new StreamKey(NodeId!, Interval);
            if (_boundsAreOfOneOrigin && Start is not null && End is not null)
            {
                _ = AskedRange.Between(Start, End);
            }
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, NodeId);
            return;
        }

        (IHistoryProvider, StreamKey) key = (Provider!, stream);
        _asked[key] = _asked.TryGetValue(key, out (DateTimeOffset? Start, DateTimeOffset? End) known)
            ? (Start < known.Start ? Start : known.Start, End > known.End ? End : known.End)
            : (Start, End);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (((IHistoryProvider provider, StreamKey stream), (DateTimeOffset? start, DateTimeOffset? end)) in _asked)
        {
            RunForRecord(cancellationToken => FindAsync(provider, stream, start, end, cancellationToken), provider);
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

        TimeRangeSet gaps = await GapFinder.FindAsync(provider, stream, range.Value, Fetcher?.GetName(stream), IncludeEmpty, cancellationToken);
        Post(() => WriteVerbose($"{stream}: {gaps.BarCount} bars missing in {gaps.Count} gaps, {range}."));
        await OutputAsync([.. gaps.Select(gap => new Gap(provider, stream, gap))]);
    }
}
