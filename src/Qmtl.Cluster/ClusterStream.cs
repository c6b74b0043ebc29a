using Qmtl.Backfill;
using Qmtl.Cluster.Wire;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cluster;

/// <summary>
/// The work on one stream as its client sees it. It goes on by itself while an answer or the way to its member is lost, and is found again;
/// where the member is gone, the rest is asked for anew: the stream then lives on another one, which finds in the store what was done.
/// </summary>
/// <param name="grain">Whoever carries out the order.</param>
/// <param name="order">What is to be done.</param>
/// <param name="cluster">The cluster, for people.</param>
/// <param name="timeProvider">The clock of delays and durations.</param>
/// <param name="tell">Told of all that a member tells, each once, but for the outcomes of ranges.</param>
/// <param name="raise">Told of the outcome of each range, and of losses.</param>
internal sealed class ClusterStream(
    IOrderGrain grain,
    StreamOrder order,
    string cluster,
    TimeProvider timeProvider,
    Action<StreamNews> tell,
    Action<BackfillEvent> raise)
{
    // A member stops at once; only a page that is just being written is waited for.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(12);

    private readonly List<TimeRange> _open = [.. order.Ranges];
    private readonly Dictionary<TimeRange, BackfillResult> _before = [];
    private readonly Dictionary<TimeRange, BackfillResult> _lost = [];
    private readonly Dictionary<Guid, int> _committed = [];
    private readonly long _started = timeProvider.GetTimestamp();
    private Guid _order = order.Id;
    private Guid? _work;
    private int _seen;
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
                if (cancellationToken.IsCancellationRequested)
                {
                    await StopAsync();
                    EndAll(BackfillStatus.Cancelled, null);
                    break;
                }

                await AskAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // It is stopped next.
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
        OrderNews? news = _work is { } work ? await grain.ReadAsync(work, _seen).AsTask().WaitAsync(cancellationToken) : null;
        if (news is { IsEnd: false, News: [] })
        {
            IsAlive();
        }

        // Not given up when cancelled: what has begun has to be known, so that it can be stopped.
        Take(news ?? await grain.BeginAsync(order with { Id = _order, Bounds = StreamOrder.BoundsOf(_open) }));
        if (news is { IsEnd: true } && _open.Count > 0)
        {
            (_order, _work) = (Guid.NewGuid(), null);
            Exception error = news.Error?.ToException() ?? new ClusterException("A member ended its work early.");
            if (news.Error is { IsTransient: false })
            {
                EndAll(BackfillStatus.Failed, error);
                return;
            }

            throw error;
        }
    }

    private void Take(OrderNews news)
    {
        if (news.Work != _work)
        {
            // Whoever had it before is gone.
            KeepCount();
            (_work, _seen) = (news.Work, 0);
        }

        foreach (StreamNews some in news.News.Skip(_seen - news.First))
        {
            Tell(some);
        }

        _seen = news.First + news.News.Length;
    }

    // What was committed until then is told, so that it is counted.
    private async Task StopAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience, timeProvider);
        try
        {
            await grain.StopAsync(_order).AsTask().WaitAsync(patience.Token);
            bool isEnd = false;
            while (!isEnd && _work is { } work
                && await grain.ReadAsync(work, _seen).AsTask().WaitAsync(patience.Token) is { } news)
            {
                Take(news);
                isEnd = news.IsEnd;
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Its member does not answer; it stops when nobody asks for news any more.
        }
    }

    private void IsAlive() => (_losses, _lostSince) = (0, null);

    private void Tell(StreamNews news)
    {
        if (news is not (StartedNews or PlannedNews))
        {
            IsAlive();
        }

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
            case CommittedNews page when !Count(page):
                return;
        }

        _isStarted |= news is StartedNews;
        _isPlanned |= news is PlannedNews;
        tell(news);
    }

    // What a member committed before it was lost, nobody else will count; unless the work went on elsewhere and is told of once more, from
    // its beginning. Then it is counted with the result of that.
    private bool Count(CommittedNews page)
    {
        bool isKnown = _committed.TryGetValue(page.Work, out int last) && page.Number <= last;
        _committed[page.Work] = isKnown ? last : page.Number;
        TimeRange range = _open.Find(open => open.Overlaps(new TimeRange(page.Start, page.End)));
        if (range != default)
        {
            _before[range] = Plus(_before.GetValueOrDefault(range), page, 1);
            if (isKnown)
            {
                _lost[range] = Plus(_lost.GetValueOrDefault(range), page, -1);
            }
        }

        return !isKnown;

        BackfillResult Plus(BackfillResult? sum, CommittedNews page, int times)
        {
            sum ??= Result(range, BackfillStatus.Cancelled);
            return sum with
            {
                BarsWritten = sum.BarsWritten + (times * page.BarsWritten),
                BarsEmpty = sum.BarsEmpty + (times * page.BarsEmpty),
                Requests = sum.Requests + (times * page.Requests),
            };
        }
    }

    private void End(BackfillResult result)
    {
        // A result is of the closed bars on the grid, so its end may be earlier than what was asked for. What is none of the open ranges
        // was told before.
        TimeRange? ended = _open.Contains(result.Range) ? result.Range : _open
            .Where(open => open.AlignTo(Stream.Interval) is { } bars && bars.Start == result.Range.Start && bars.End >= result.Range.End)
            .OrderBy(static open => open.End)
            .Cast<TimeRange?>()
            .FirstOrDefault();
        if (ended is { } range)
        {
            _lost.Remove(range, out BackfillResult? lost);
            _before.Remove(range);
            _open.Remove(range);
            raise(new BackfillRangeEnded(Stream, lost is null ? result : result.Plus(lost with { BarsMissing = 0 })));
        }
    }

    private async Task RecoverAsync(Exception error, CancellationToken cancellationToken)
    {
        _lostSince ??= timeProvider.GetTimestamp();
        if (timeProvider.GetElapsedTime(_lostSince.Value) > MemberLoss.Patience)
        {
            EndAll(BackfillStatus.Failed, new ClusterException(
                $"The cluster {cluster} has not answered for {MemberLoss.Patience.TotalMinutes:0} minutes. What was committed stays; run it "
                    + "again for the rest, and see qmtl members.", error));
            return;
        }

        TimeSpan delay = MemberLoss.Delay(_losses++);
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
