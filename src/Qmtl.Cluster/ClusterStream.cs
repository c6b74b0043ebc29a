using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cluster;

/// <summary>
/// The work on one stream as its client sees it. Where the member that has it is lost, the rest is asked for again: the stream then lives on
/// another one, which finds in the store what was done.
/// </summary>
/// <param name="ask">Asks whoever has the stream.</param>
/// <param name="order">What is to be done.</param>
/// <param name="cluster">The cluster, for people.</param>
/// <param name="timeProvider">The clock of delays and durations.</param>
/// <param name="raise">Told of all that happens, with the outcome of each range.</param>
internal sealed class ClusterStream(
    Func<StreamOrder, IAsyncEnumerable<StreamNews>> ask,
    StreamOrder order,
    string cluster,
    TimeProvider timeProvider,
    Action<BackfillEvent> raise)
{
    // A cluster notices that a member is gone within some ten seconds, and a database may take a minute to restart.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(3);
    private const int NewsAtOnce = 256;

    private readonly List<TimeRange> _open = [.. order.Ranges];
    private readonly Dictionary<TimeRange, BackfillResult> _before = [];
    private readonly Dictionary<TimeRange, BackfillResult> _lost = [];
    private readonly long _started = timeProvider.GetTimestamp();
    private long? _lostSince;
    private bool _isStarted;
    private bool _isPlanned;
    private int _losses;

    private StreamKey Stream { get; } = order.Stream;

    /// <summary>Runs to the end. Every range gets exactly one result; nothing is thrown.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (_open.Count > 0)
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                await AskAsync(cancellationToken);
                if (_open.Count > 0)
                {
                    throw new ClusterException("A member ended its work early.");
                }
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                EndAll(BackfillStatus.Cancelled, null);
            }
            catch (ArgumentException error)
            {
                EndAll(BackfillStatus.Failed, error);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                await RecoverAsync(error, cancellationToken);
            }
        }

        if (_isStarted)
        {
            raise(new BackfillEnded(Stream, order.Source, timeProvider.GetElapsedTime(_started)));
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        await foreach (StreamNews news in ask(order with { Bounds = StreamOrder.BoundsOf(_open) })
            .WithBatchSize(NewsAtOnce)
            .WithCancellation(cancellationToken))
        {
            if (news is not (StartedNews or PlannedNews))
            {
                (_losses, _lostSince) = (0, null);
            }

            Tell(news);
        }
    }

    private void Tell(StreamNews news)
    {
        switch (news)
        {
            // What begins again after a loss has begun already for whoever watches, and it ends once.
            case StartedNews when _isStarted:
            case PlannedNews when _isPlanned:
            case EndedNews:
                return;
            case RangeNews { Status: not BackfillStatus.Cancelled } ended:
                End(ended.ToResult(Stream));
                return;
            case RangeNews:
                // A member that stops cancels what it has; the rest is for another one.
                return;
            case CommittedNews page:
                Count(page);
                break;
        }

        _isStarted |= news is StartedNews;
        _isPlanned |= news is PlannedNews;
        raise(news.ToEvent(Stream));
    }

    // What a member committed before it was lost, nobody else will count.
    private void Count(CommittedNews page)
    {
        TimeRange range = _open.Find(open => open.Overlaps(new TimeRange(page.Start, page.End)));
        if (range != default)
        {
            BackfillResult before = _before.GetValueOrDefault(range) ?? Result(range, BackfillStatus.Cancelled);
            _before[range] = before with
            {
                BarsWritten = before.BarsWritten + page.BarsWritten,
                BarsEmpty = before.BarsEmpty + page.BarsEmpty,
                Requests = before.Requests + page.Requests,
            };
        }
    }

    private void End(BackfillResult result)
    {
        if (_open.Count == 0)
        {
            return;
        }

        // A result is of the closed bars on the grid, so its end may be earlier than what was asked for.
        int index = _open.FindIndex(open => open == result.Range || open.AlignTo(Stream.Interval) == result.Range);
        index = index >= 0 ? index : Math.Max(0, _open.FindIndex(open => open.AlignTo(Stream.Interval)?.Start == result.Range.Start));
        _lost.TryGetValue(_open[index], out BackfillResult? lost);
        _open.RemoveAt(index);
        raise(new BackfillRangeEnded(Stream, lost is null ? result : result.Plus(lost with { BarsMissing = 0 })));
    }

    private async Task RecoverAsync(Exception error, CancellationToken cancellationToken)
    {
        if (_open.Count == 0)
        {
            // It was lost after its last word.
            return;
        }

        KeepCount();
        _lostSince ??= timeProvider.GetTimestamp();
        if (timeProvider.GetElapsedTime(_lostSince.Value) > Patience)
        {
            EndAll(BackfillStatus.Failed, new ClusterException(
                $"The cluster {cluster} has not answered for {Patience.TotalMinutes:0} minutes. What was committed stays; run it again "
                    + "for the rest, and see qmtl members.", error));
            return;
        }

        TimeSpan delay = TimeSpan.FromMilliseconds(Math.Min(LongestDelay.TotalMilliseconds, 200 * Math.Pow(2, _losses++)));
        raise(new BackfillRetrying(
            Stream, _open[0], _losses, delay, new ClusterException("The member that had it is lost or busy; another one goes on.")));
        await Task.Delay(delay, timeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // What was committed stays committed, whoever does the rest.
    private void KeepCount()
    {
        foreach ((TimeRange range, BackfillResult part) in _before)
        {
            _lost[range] = _lost.TryGetValue(range, out BackfillResult? lost) ? lost.Plus(part) : part;
        }

        _before.Clear();
    }

    private void EndAll(BackfillStatus status, Exception? error)
    {
        KeepCount();
        foreach (TimeRange range in _open.ToArray())
        {
            long bars = range.AlignTo(Stream.Interval)?.CountBars(Stream.Interval) ?? 0;
            long done = _lost.TryGetValue(range, out BackfillResult? lost) ? lost.BarsWritten + lost.BarsEmpty : 0;
            End(Result(range, status) with { Error = error, BarsMissing = Math.Max(0, bars - done) });
        }
    }

    private BackfillResult Result(TimeRange range, BackfillStatus status) => new() { Stream = Stream, Range = range, Status = status };
}
