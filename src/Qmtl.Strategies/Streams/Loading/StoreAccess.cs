using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Streams.Loading;

/// <summary>A store of this library: filled through the engine, which says what it wrote and asked, and which remembers what does not exist.</summary>
internal sealed class StoreAccess(StoreHistoryProvider provider, StreamKey stream, BackfillEngine engine) : HistoryAccess(provider, stream)
{
    public override async Task<FillOutcome> FillAsync(TimeRangeSet bars, CancellationToken cancellationToken)
    {
        if (provider.Fetcher is not { } fetcher)
        {
            return FillOutcome.Nothing with { Obstacle = $"{provider.DisplayName} has no fetcher to fill it" };
        }

        var outcome = FillOutcome.Nothing;
        await foreach (BackfillResult result in engine.RunAsync([new BackfillRequest(provider.Store, fetcher, Stream, bars)], cancellationToken))
        {
            outcome = outcome with
            {
                BarsFilled = outcome.BarsFilled + result.BarsWritten,
                Requests = outcome.Requests + result.Requests,
                Rejected = outcome.Rejected.Plus(result.Rejected),
                Error = outcome.Error ?? result.Error,
            };
        }

        cancellationToken.ThrowIfCancellationRequested();
        return outcome;
    }

    public override Task<TimeRangeSet> FindEmptyAsync(TimeRangeSet absent, CancellationToken cancellationToken) =>
        provider.Store.GetKnownEmptyAsync(Stream, provider.Fetcher?.Name, absent.Bounds, cancellationToken);
}
