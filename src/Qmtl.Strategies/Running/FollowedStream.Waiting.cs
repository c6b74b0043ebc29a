using Qmtl.Keeping;
using Qmtl.Time;

namespace Qmtl.Running;

/// <content>How long a bar is waited for, and what it means that it does not come.</content>
internal sealed partial class FollowedStream
{
    /// <summary>Waits for the next bar.</summary>
    /// <returns>The last bar up to which the stream is complete; null where a hole was given up, or the end has passed.</returns>
    private async Task<long?> WaitAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<long> complete = _watch.WaitForBarAfterAsync(_stream.Key, _after, ended.Token).AsTask();
        try
        {
            Task patience = WaitPatientlyAsync(ended.Token);
            bool isLooked = false;
            long? behindHole = null;
            while (await Task.WhenAny(complete, patience) != complete)
            {
                await patience;
                TimeRange? found = await FindStoredAsync(cancellationToken);
                if (found is { } stored)
                {
                    if (stored.Start == Next)
                    {
                        return stored.End;
                    }

                    // Who keeps the stream may bring the newest bars first, and what was away behind them.
                    if (!_isOverdue || stored.Start == behindHole)
                    {
                        await GiveUpAsync(new TimeRange(Next, Interval.Previous(stored.Start)), cancellationToken);
                        return null;
                    }

                    behindHole = stored.Start;
                }

                // Where nothing waits for it, nothing is to go on without it: when all come back, their bars are in order again.
                TimeSpan? waited = _all.FindLongestWait();
                bool isEnd = found is null && _last < long.MaxValue && IsOverdue(_last);
                bool isBehind = FallBehind(waited, isEnd || isLooked, isEnd);
                if (isEnd)
                {
                    _after = _last;
                    return null;
                }

                isLooked = true;
                TimeSpan left = _options.Patience - (isBehind ? TimeSpan.Zero : waited ?? TimeSpan.Zero);
                patience = Task.Delay(left > ShortestPause ? left : ShortestPause, _timeProvider, ended.Token);
            }

            return await complete;
        }
        finally
        {
            await ended.CancelAsync();
            await ((Task)complete).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Whether nobody waits for it, from now on at the latest.
    private bool FallBehind(TimeSpan? waited, bool isOverdue, bool isEnd)
    {
        bool isBehind;
        lock (_all.Gate)
        {
            if (!_isBehind && waited >= _options.Patience)
            {
                _isBehind = true;
                TellOfPlace();
            }

            isBehind = _isBehind;
        }

        _isOverdue |= isBehind || isOverdue;
        if (_isOverdue)
        {
            _news.Behind(Next, isMore: isEnd || IsOverdue(Interval.Next(Next)));
        }

        return isBehind;
    }

    private bool IsOverdue(long bar) => UnixTime.FromSeconds(Interval.Next(bar)) + Overdue <= _timeProvider.GetUtcNow();

    // How long after its close a bar is overdue: nobody asks for it before the watch does.
    private TimeSpan Overdue => ProviderWatch.Delay + _options.Patience;

    // From when it is asked for, by a timer: where the machine slept over it, the stream has its time all the same.
    private async Task WaitPatientlyAsync(CancellationToken cancellationToken)
    {
        await BarClock.WaitForCloseAsync(Interval, Next, ProviderWatch.Delay, _timeProvider, cancellationToken);
        await Task.Delay(_options.Patience, _timeProvider, cancellationToken);
    }

    // The first bars that are there, whatever the watch knows of them.
    private async Task<TimeRange?> FindStoredAsync(CancellationToken cancellationToken)
    {
        long closed = Math.Min(Interval.LastClosedBar(_timeProvider.GetUtcNow()), _last);
        return closed >= Next
            && await _provider.GetCoverageAsync(new TimeRange(Next, closed), static () => { }, cancellationToken) is [var first, ..]
                ? first
                : null;
    }
}
