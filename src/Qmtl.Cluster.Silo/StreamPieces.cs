using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// Cuts the ranges of a long stream into pieces and has them filled on all members. Pieces begin and end at the same bars whatever is
/// missing, so that whoever goes on after a loss asks for the same ones, and none is filled twice at once.
/// </summary>
internal sealed class StreamPieces(MemberWork work, IGrainFactory grains, TimeProvider timeProvider)
{
    /// <summary>How many pages a piece has. As many requests at least a stream has to need to be cut.</summary>
    internal const int PagesInPiece = 32;

    private const int MostPiecesAtOnce = 64;

    /// <summary>The pieces of an order in which bars are missing; null where it is better done at one go.</summary>
    public async Task<CutStream?> CutAsync(StreamOrder order, CancellationToken cancellationToken)
    {
        StreamKey stream = order.Stream;
        try
        {
            BackfillRequest request = work.RequestOf(order);
            BackfillOptions options = order.ReadOptions();
            (List<TimeRange> open, List<TimeRange> withoutBars) = BackfillPlanner.SplitByBars(
                stream.Interval, order.Ranges, timeProvider.GetUtcNow());
            long page = Math.Max(1, request.Fetcher.GetBarsPerRequest(stream, long.MaxValue) ?? options.DefaultBarsPerRequest);
            long bars = open.Sum(range => range.CountBars(stream.Interval));
            if (!stream.Interval.IsFixed || withoutBars.Count > 0 || bars <= page * PagesInPiece)
            {
                return null;
            }

            var asked = new TimeRangeSet(stream.Interval, open);
            if (request.Fetcher is IBulkSource bulk && bulk.GetFiles(stream, asked.Bounds!.Value).Count > 0)
            {
                // A file's borders are not a piece's, and reading it once is cheaper than any division of labour.
                return null;
            }

            TimeRangeSet missing = options.Force ? asked : asked
                .Subtract(await request.Store.GetCoverageAsync(stream, asked.Bounds!.Value, cancellationToken))
                .Subtract(options.RetryEmpty
                    ? TimeRangeSet.Empty(stream.Interval)
                    : await request.Store.GetKnownEmptyAsync(stream, order.SourceOfStream, asked.Bounds.Value, cancellationToken));
            long requests = BackfillPlanner.CountRequests(missing, (int)page, cancellationToken);
            return requests <= PagesInPiece
                ? null
                : new CutStream(request, order, open, [.. Pieces(missing, page * PagesInPiece)], missing.BarCount, requests);
        }
        catch (Exception error) when (error is ClusterException or StoreException or SourceException)
        {
            // Whoever does it at one go meets the same, and tells it for each range.
            return null;
        }
    }

    /// <summary>Has the pieces filled and tells what happens as if one engine had done it.</summary>
    public async Task CompleteAsync(CutStream cut, Action<StreamNews> tell, CancellationToken cancellationToken)
    {
        StreamOrder order = cut.Order;
        tell(new StartedNews(order.Source, order.Ranges.Count));
        await using IAsyncDisposable claim = await StreamBackfill.ClaimAsync(
            cut.Request, timeProvider, happened => Raise(happened), cancellationToken);
        tell(new PlannedNews(cut.BarsMissing, cut.Requests));
        await Parallel.ForEachAsync(
            cut.Pieces,
            new ParallelOptions { MaxDegreeOfParallelism = MostPiecesAtOnce, CancellationToken = cancellationToken },
            async (piece, _) =>
            {
                // By the order's own name, so that the piece goes on under this stream's next member, should this one die.
                long[] bounds = StreamOrder.BoundsOf(cut.Ranges.Select(range => range.Intersect(piece)).OfType<TimeRange>());
                StreamOrder part = order with { Bounds = bounds, IsPiece = true };
                IPieceGrain grain = grains.GetGrain<IPieceGrain>($"{order.Key}\u001f{piece.Start}");
                await new ClusterStream(grain, part, "of this member", timeProvider, Pass, Raise).RunAsync(cancellationToken);
                Tell(cut.TakeEnded(piece));
            });
        Tell(cut.TakeEnded(null));

        void Tell(IReadOnlyList<BackfillResult> ended)
        {
            foreach (BackfillResult result in ended)
            {
                tell(RangeNews.Of(result));
            }
        }

        void Pass(StreamNews news)
        {
            if (news is not (StartedNews or PlannedNews))
            {
                tell(news);
            }
        }

        void Raise(BackfillEvent happened)
        {
            if (happened is BackfillRangeEnded { Result: var result })
            {
                cut.Add(result);
            }
            else if (happened is not BackfillEnded && StreamNews.Of(happened) is { } told)
            {
                tell(told);
            }
        }
    }

    private static IEnumerable<TimeRange> Pieces(TimeRangeSet missing, long bars)
    {
        long length = bars * missing.Interval.Seconds;
        long next = long.MinValue;
        foreach (TimeRange gap in missing)
        {
            for (long start = Math.Max(next, gap.Start - PositiveRemainder(gap.Start, length)); start <= gap.End; start += length)
            {
                next = start + length;
                yield return new TimeRange(start, next - 1);
            }
        }
    }

    private static long PositiveRemainder(long value, long divisor) => ((value % divisor) + divisor) % divisor;
}
