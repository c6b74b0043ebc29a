using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// Carries out orders with engines of this process: one for all orders of a source, a store and the same options, so that the throttle
/// limit is one limit.
/// </summary>
internal sealed class MemberWork(
    MemberParts parts, IGrainFactory grains, TimeProvider timeProvider, ILoggerFactory loggerFactory)
{
    private readonly ConcurrentDictionary<(string Store, string Source, string Options), BackfillEngine> _engines = [];

    /// <summary>Completes what an order asks for and tells what happens.</summary>
    public async Task CompleteAsync(StreamOrder order, Action<StreamNews> tell, CancellationToken cancellationToken)
    {
        BackfillRequest request;
        try
        {
            request = RequestOf(order);
        }
        catch (ClusterException refusal)
        {
            foreach (TimeRange range in order.Ranges)
            {
                tell(RangeNews.Of(new BackfillResult
                {
                    Stream = order.Stream,
                    Range = range,
                    Status = BackfillStatus.Failed,
                    BarsMissing = range.AlignTo(order.Stream.Interval)?.CountBars(order.Stream.Interval) ?? 0,
                    Error = refusal,
                }));
            }

            return;
        }

        await foreach (BackfillResult result in EngineOf(order).RunAsync([request with { OnEvent = Tell }], cancellationToken))
        {
            tell(RangeNews.Of(result));
        }

        // What became of a range is told by its result, which comes for each, also where the engine refused it.
        void Tell(BackfillEvent happened)
        {
            if (happened is not BackfillRangeEnded && StreamNews.Of(happened) is { } news)
            {
                tell(news);
            }
        }
    }

    /// <summary>What an order asks for, with this member's own store and source.</summary>
    /// <exception cref="ClusterException">This member has no such store or source.</exception>
    public BackfillRequest RequestOf(StreamOrder order)
    {
        (IHistoryStore store, IDataFetcher source) = parts.Find(order, grains);
        return new BackfillRequest(store, source, order.Stream, order.Ranges) { IsClaimed = order.IsPiece };
    }

    private BackfillEngine EngineOf(StreamOrder order) => _engines.GetOrAdd(
        (order.Store, order.Source, order.Options),
        _ => new BackfillEngine(order.ReadOptions(), timeProvider, loggerFactory: loggerFactory));
}
