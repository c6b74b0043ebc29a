using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Keeping;

/// <summary>What a keeper would have to do for a stream at the moment. No source is asked for it, and no store made.</summary>
/// <param name="Kept">The stream.</param>
/// <param name="Missing">Closed bars from its start on that are neither stored nor known to be empty, and that the source gives.</param>
/// <param name="Requests">Requests that take them, where each is answered whole.</param>
/// <param name="OutOfReach">Missing bars that the source does not give any more.</param>
public sealed record KeepPlan(KeptStream Kept, long Missing, long Requests, long OutOfReach)
{
    /// <summary>The plan of each stream, in the declaration's order.</summary>
    /// <param name="declaration">What is kept.</param>
    /// <param name="clock">The clock; null for the system's.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    /// <exception cref="ArgumentException">The declaration is wrong, or a source or store of it cannot be opened.</exception>
    /// <exception cref="StoreException">A store cannot be read, or it is seen that it cannot be written.</exception>
    public static async Task<IReadOnlyList<KeepPlan>> FindAsync(
        KeepDeclaration declaration, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        await using var keeper = new HistoryKeeper(declaration, clock);
        DateTimeOffset now = (clock ?? TimeProvider.System).GetUtcNow() - declaration.AskAfter;
        foreach (IHistoryStore store in declaration.Streams.Select(kept => keeper.PartsOf(kept).Store).Distinct())
        {
            if (await store.FindWriteObstacleAsync(cancellationToken) is { } obstacle)
            {
                throw new StoreException(obstacle);
            }
        }

        var plans = new List<KeepPlan>();
        foreach (KeptStream kept in declaration.Streams)
        {
            (IDataFetcher fetcher, IHistoryStore store) = keeper.PartsOf(kept);
            plans.Add(await FindAsync(kept, fetcher, store, declaration.Options, now, cancellationToken));
        }

        return plans;
    }

    private static async Task<KeepPlan> FindAsync(
        KeptStream kept,
        IDataFetcher fetcher,
        IHistoryStore store,
        BackfillOptions options,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        long last = kept.Stream.Interval.LastClosedBar(now);
        if (kept.FirstBar > last)
        {
            return new KeepPlan(kept, 0, 0, 0);
        }

        var range = new TimeRange(kept.FirstBar, last);
        TimeRangeSet missing = await GapFinder.FindAsync(
            new StoreHistoryProvider(store, fetcher), kept.Stream, range, cancellationToken: cancellationToken);
        long oldest = fetcher.GetReach(kept.Stream)?.OldestBar ?? kept.FirstBar;
        TimeRangeSet given = oldest > last ? TimeRangeSet.Empty(kept.Stream.Interval) : missing.Intersect(new TimeRange(oldest, last));
        long requests = BackfillPlanner.CountRequests(
            given, start => Math.Max(1, fetcher.GetBarsPerRequest(kept.Stream, start) ?? options.DefaultBarsPerRequest), cancellationToken);
        return new KeepPlan(kept, given.BarCount, requests, missing.BarCount - given.BarCount);
    }
}
