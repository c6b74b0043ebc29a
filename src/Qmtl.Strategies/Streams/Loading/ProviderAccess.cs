using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Streams.Loading;

/// <summary>
/// A provider of somebody else's, of which only its methods are known. It is told once to fill; settled bars that it does not have
/// then are taken as bars that do not exist, since nothing remembers them and asking for ever would end nowhere.
/// </summary>
internal sealed class ProviderAccess(IHistoryProvider provider, StreamKey stream, TimeProvider timeProvider) : HistoryAccess(provider, stream)
{
    private TimeRangeSet _denied = TimeRangeSet.Empty(stream.Interval);

    public override async Task<FillOutcome> FillAsync(TimeRangeSet bars, CancellationToken cancellationToken)
    {
        int calls = 0;
        try
        {
            TimeRangeSet gaps = bars.Subtract(await GetCoverageAsync(bars, cancellationToken));
            if (gaps.Bounds is not { } bounds)
            {
                return FillOutcome.Nothing;
            }

            // Taken before the question: a bar that closes while the source is answering is not settled by that answer.
            long settled = new BackfillOptions().LastSettledBar(Stream.Interval, timeProvider.GetUtcNow());
            calls++;
            await Provider.FillMissingAsync(Stream, bounds, cancellationToken);
            TimeRangeSet left = gaps.Subtract(await GetCoverageAsync(gaps, cancellationToken));
            _denied = bounds.Start <= settled ? left.Intersect(new TimeRange(bounds.Start, settled)) : _denied;
            return new FillOutcome(gaps.BarCount - left.BarCount, calls);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (InvalidOperationException cannotFill) when (calls > 0)
        {
            // What the contract says of a provider without a source: it can still be read.
            return new FillOutcome(0, calls, Obstacle: cannotFill.Message.TrimEnd('.'));
        }
        catch (Exception error)
        {
            return new FillOutcome(0, calls, error);
        }
    }

    public override Task<TimeRangeSet> FindEmptyAsync(TimeRangeSet absent, CancellationToken cancellationToken) => Task.FromResult(_denied);

    private async Task<TimeRangeSet> GetCoverageAsync(TimeRangeSet bars, CancellationToken cancellationToken)
    {
        TimeRangeSet covered = await Provider.GetCoverageAsync(Stream, bars.Bounds, cancellationToken);
        return covered is not null && covered.Interval == Stream.Interval
            ? covered
            : throw new SourceException($"The provider {Provider.DisplayName} answered {(covered is null ? "null" : $"bars of {covered.Interval}")} where its coverage of {Stream} was asked for. A stream that it does not know has an empty coverage of the stream's interval.");
    }
}
