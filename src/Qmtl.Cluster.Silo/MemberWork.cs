using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// Carries out orders with engines of this process: one for all orders of a source, a store and the same options, so that the throttle limit is
/// one limit.
/// </summary>
internal sealed class MemberWork(
    MemberParts parts, IGrainFactory grains, TimeProvider timeProvider, ILoggerFactory loggerFactory)
{
    private readonly ConcurrentDictionary<(string Store, string Source, string Options), BackfillEngine> _engines = [];

    /// <summary>Completes what an order asks for and tells what happens.</summary>
    public async IAsyncEnumerable<StreamNews> CompleteAsync(StreamOrder order, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        BackfillRequest? request = null;
        ClusterException? refusal = null;
        try
        {
            request = RequestOf(order);
        }
        catch (ClusterException error)
        {
            refusal = error;
        }

        if (request is null)
        {
            foreach (TimeRange range in order.Ranges)
            {
                yield return RangeNews.Of(new BackfillResult
                {
                    Stream = order.Stream,
                    Range = range,
                    Status = BackfillStatus.Failed,
                    BarsMissing = range.AlignTo(order.Stream.Interval)?.CountBars(order.Stream.Interval) ?? 0,
                    Error = refusal,
                });
            }

            yield break;
        }

        await foreach (StreamNews news in RunAsync(EngineOf(order), request, cancellationToken))
        {
            yield return news;
        }
    }

    /// <summary>What an order asks for, with this member's own store and source.</summary>
    /// <exception cref="ClusterException">This member has no such store or source.</exception>
    public BackfillRequest RequestOf(StreamOrder order)
    {
        (IHistoryStore store, IDataFetcher source) = parts.Find(order, grains);
        return new BackfillRequest(store, source, order.Stream, order.Ranges) { IsClaimed = order.IsPiece };
    }

    private static async IAsyncEnumerable<StreamNews> RunAsync(
        BackfillEngine engine, BackfillRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = Channel.CreateUnbounded<StreamNews>(new UnboundedChannelOptions { SingleReader = true });

        // Elsewhere than on the grain's own scheduler, which has better to do than to commit pages.
        Task running = Task.Run(CompleteAsync, CancellationToken.None);
        try
        {
            await foreach (StreamNews news in all.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return news;
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await running;
        }

        async Task CompleteAsync()
        {
            Exception? failure = null;
            try
            {
                await foreach (BackfillResult result in engine.RunAsync([request with { OnEvent = Tell }], abandoned.Token))
                {
                    all.Writer.TryWrite(RangeNews.Of(result));
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
            finally
            {
                all.Writer.TryComplete(failure);
            }
        }

        // What became of a range is told by its result, which comes for each, also where the engine refused it.
        void Tell(BackfillEvent happened)
        {
            if (happened is not BackfillRangeEnded && StreamNews.Of(happened) is { } news)
            {
                all.Writer.TryWrite(news);
            }
        }
    }

    private BackfillEngine EngineOf(StreamOrder order) => _engines.GetOrAdd(
        (order.Store, order.Source, order.Options),
        _ => new BackfillEngine(order.ReadOptions(), timeProvider, loggerFactory: loggerFactory));
}
