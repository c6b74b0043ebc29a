using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Completes ranges of a provider of which only its methods are known: it is asked to fill gap by gap what its coverage lacks, and its
/// coverage is asked again, so that the counts are of what is really there.
/// </summary>
internal sealed class ProviderBackfill(
    IHistoryProvider provider, StreamKey stream, IReadOnlyList<TimeRange> ranges, ProviderCalls calls, bool retryEmpty,
    SemaphoreSlim slots, TimeProvider timeProvider, Action<BackfillEvent> raise, Action<BackfillResult> emit)
{
    // Whoever cancels wants to know what was done before, and not to wait long for the answer.
    private static readonly TimeSpan LongestToCount = TimeSpan.FromSeconds(2);

    private TimeRangeSet? _asked;
    private TimeRangeSet? _left;
    private TimeRangeSet _tried = TimeRangeSet.Empty(stream.Interval);

    // All up to the first bar that is left; where none is, all.
    private long? CompleteUpTo => _asked?.Bounds is { } bounds && _left is { } left
        ? left.IsEmpty ? bounds.End : left[0].Start > bounds.Start ? stream.Interval.Previous(left[0].Start) : null
        : null;

    /// <summary>Runs to the end. Every range gets exactly one result, also when it fails or is cancelled; nothing is thrown.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        long started = timeProvider.GetTimestamp();
        raise(new BackfillStarted(stream, provider.DisplayName, ranges.Count) { Bounds = BackfillPlanner.BoundsOf(ranges) });
        await CompleteAsync(cancellationToken);
        raise(new BackfillEnded(stream, provider.DisplayName, timeProvider.GetElapsedTime(started))
        {
            CompleteUpTo = CompleteUpTo,
            Asked = _asked,
            Missing = _left is { IsEmpty: true } ? null : _left ?? _asked,
        });
    }

    private async Task CompleteAsync(CancellationToken cancellationToken)
    {
        (List<TimeRange> open, List<TimeRange> withoutBars) =
            BackfillPlanner.SplitByBars(stream.Interval, ranges, timeProvider.GetUtcNow());
        withoutBars.ForEach(range => End(new BackfillResult { Stream = stream, Range = range, Status = BackfillStatus.Completed }));
        if (open.Count == 0)
        {
            return;
        }

        _asked = new TimeRangeSet(stream.Interval, open);
        long asked = timeProvider.GetTimestamp();
        Exception? error = null;
        int retries = 0;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            _left = await FindLeftAsync(_asked, () => retries++, cancellationToken);
            raise(new BackfillPlanned(stream, _left.BarCount, provider.Obstacle is null ? _left.Count : 0)
            {
                CompleteUpTo = CompleteUpTo,
                Missing = _left.IsEmpty ? null : _left,
            });
        }
        catch (Exception exception)
        {
            error = exception;
        }

        TimeRangeSet missing = _left ?? _asked;
        TimeSpan planning = timeProvider.GetElapsedTime(asked);
        foreach (TimeRange range in open)
        {
            // The question what it holds is for all ranges, and counts for the first.
            var result = new BackfillResult
            {
                Stream = stream,
                Range = range,
                Status = BackfillStatus.Completed,
                Retries = retries,
                Duration = planning,
                BarsMissing = missing.Intersect(range).BarCount,
            };
            retries = 0;
            End(await FillAsync(result, missing.Intersect(range), error, cancellationToken));
        }
    }

    private async Task<BackfillResult> FillAsync(
        BackfillResult result, TimeRangeSet missing, Exception? error, CancellationToken cancellationToken)
    {
        long started = timeProvider.GetTimestamp();
        (int requests, int retries) = (0, 0);
        bool cannotFill = false;
        TimeRangeSet gaps = provider.Obstacle is null && error is null ? missing.Subtract(_tried) : TimeRangeSet.Empty(stream.Interval);
        try
        {
            foreach (TimeRange gap in gaps)
            {
                await FillAsync(gap, () => requests++, () => retries++, cancellationToken);
                _tried = _tried.Union(new TimeRangeSet(stream.Interval, gap));
            }
        }
        catch (Exception exception)
        {
            error = exception;

            // What the contract says of a provider without a source: it can still be read. One that is closed, for example, cannot.
            cannotFill = exception.GetType() == typeof(InvalidOperationException);
        }

        TimeRangeSet left = missing;
        TimeRangeSet empty = TimeRangeSet.Empty(stream.Interval);
        try
        {
            // What was filled before a failure counts, where the provider can still tell.
            if (requests > 0 || (gaps.IsEmpty && !missing.IsEmpty && error is null && provider.Obstacle is null))
            {
                TimeRange bounds = missing.Bounds!.Value;
                using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, timeProvider);
                using CancellationTokenRegistration cancelled = cancellationToken.Register(() => patience.CancelAfter(LongestToCount));
                CancellationToken token = patience.Token;
                left = missing.Subtract(await calls.GetCoverageAsync(bounds, () => retries++, token).WaitAsync(token));
                empty = left.IsEmpty
                    ? empty
                    : left.Intersect(await calls.GetKnownEmptyAsync(bounds, () => retries++, token).WaitAsync(token));
                Commit(result.Range, gaps, missing.Subtract(left.Subtract(empty)), empty, requests);
            }
        }
        catch (Exception exception)
        {
            error ??= exception;
        }

        long barsMissing = left.BarCount - empty.BarCount;
        long written = missing.BarCount - left.BarCount;
        return result with
        {
            Status = cancellationToken.IsCancellationRequested && error is OperationCanceledException ? BackfillStatus.Cancelled
                : error is not null ? BackfillStatus.Failed
                : barsMissing > 0 ? BackfillStatus.Partial
                : written == 0 && !empty.IsEmpty ? BackfillStatus.Empty : BackfillStatus.Completed,
            BarsWritten = written,
            BarsEmpty = empty.BarCount,
            BarsMissing = barsMissing,
            Requests = requests,
            Retries = result.Retries + retries,
            Duration = result.Duration + timeProvider.GetElapsedTime(started),
            Error = cancellationToken.IsCancellationRequested && error is OperationCanceledException ? null : error,
            Obstacle = cannotFill ? error!.Message.TrimEnd('.') : error is null && !missing.IsEmpty ? provider.Obstacle : null,
        };
    }

    private Task<bool> FillAsync(TimeRange gap, Action onRequest, Action onRetry, CancellationToken cancellationToken) => calls.RunAsync(
        async token =>
        {
            await slots.WaitAsync(token);
            long started = timeProvider.GetTimestamp();
            Exception? failure = null;
            onRequest();
            try
            {
                await provider.FillMissingAsync(stream, gap, token).WaitAsync(token);
                return true;
            }
            catch (Exception error)
            {
                failure = error;
                throw;
            }
            finally
            {
                slots.Release();
                raise(new BackfillSourceAsked(stream, provider.DisplayName, gap, timeProvider.GetElapsedTime(started), failure));
            }
        },
        gap,
        onRetry,
        cancellationToken);

    private async Task<TimeRangeSet> FindLeftAsync(TimeRangeSet asked, Action onRetry, CancellationToken cancellationToken)
    {
        TimeRange bounds = asked.Bounds!.Value;
        TimeRangeSet left = asked.Subtract(await calls.GetCoverageAsync(bounds, onRetry, cancellationToken));
        return left.IsEmpty || retryEmpty ? left : left.Subtract(await calls.GetKnownEmptyAsync(bounds, onRetry, cancellationToken));
    }

    private void Commit(TimeRange range, TimeRangeSet gaps, TimeRangeSet there, TimeRangeSet empty, int requests)
    {
        TimeRangeSet settled = there.Intersect(_left!);
        _left = _left!.Subtract(settled);
        if (requests > 0 || !settled.IsEmpty)
        {
            long none = settled.Intersect(empty).BarCount;
            raise(new BackfillPageCommitted(stream, range, settled.BarCount - none, none, gaps.BarCount, CompleteUpTo)
            {
                Settled = settled.IsEmpty ? null : settled,
                Requests = requests,
            });
        }
    }

    private void End(BackfillResult result)
    {
        raise(new BackfillRangeEnded(stream, result));
        emit(result);
    }
}
