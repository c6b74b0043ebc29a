using System.Collections.Concurrent;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Keeping;

internal sealed partial class KeepLane
{
    // Bars that are not there yet are asked for again, the later the seldomer.
    private static readonly TimeSpan LongestWaitForBar = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The last bar up to which all that follow <paramref name="after"/> are there or known not to exist; <paramref name="after"/> itself where
    /// the next one is neither, or has not closed.
    /// </summary>
    public async Task<long> FindCompleteAsync(StreamKey stream, long after, CancellationToken cancellationToken)
    {
        long first = stream.Interval.Next(after);
        long last = stream.Interval.LastClosedBar(Now);
        return first > last ? after : await FindCompleteAsync(stream, first, last, cancellationToken);
    }

    /// <summary>Asks once for all that is missing of its streams, and compares the newest bars of each.</summary>
    public async Task<KeepOutcome[]> CompleteOnceAsync(CancellationToken cancellationToken)
    {
        var outcomes = new ConcurrentBag<KeepOutcome>();
        await Parallel.ForEachAsync(
            _states.Values.ToArray(),
            new ParallelOptions { MaxDegreeOfParallelism = _options.ThrottleLimit },
            async (state, _) =>
            {
                var outcome = new KeepOutcome(state.Kept, await CompleteOnceAsync(state, cancellationToken));
                outcomes.Add(outcome);
                _world.Tell(outcome);
            });
        return [.. outcomes];
    }

    private async Task<BackfillResult> CompleteOnceAsync(KeptState state, CancellationToken cancellationToken)
    {
        KeptStream kept = state.Kept;
        long last = kept.Stream.Interval.LastClosedBar(Now);
        var range = new TimeRange(Math.Min(kept.FirstBar, last), last);
        try
        {
            BackfillResult? compared = null;
            if (kept.Compare > 0 && kept.FirstBar <= last)
            {
                long from = await FindFirstToAskAsync(state, last, cancellationToken);
                compared = await CompareAsync(kept, new TimeRange(from, last), cancellationToken);
            }

            BackfillResult whole = await CompleteAsync(_plain, kept, [range], cancellationToken);
            return compared is null ? whole
                : compared.Error is null || whole.Error is not null ? whole.Plus(compared with { BarsMissing = 0 })
                : compared with { Range = range, BarsMissing = whole.BarsMissing };
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            return FailedBy(error, kept, range);
        }
        catch (OperationCanceledException)
        {
            return new BackfillResult { Stream = kept.Stream, Range = range, Status = BackfillStatus.Cancelled };
        }
    }

    // Asks for the newest bars of all streams that are due together.
    private async Task VisitAsync(List<KeptState> due, CancellationToken asking, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(asking, cancellationToken);
        try
        {
            await Parallel.ForEachAsync(
                due,
                new ParallelOptions { MaxDegreeOfParallelism = _options.ThrottleLimit },
                async (state, _) => await VisitAsync(state, either.Token));
        }
        finally
        {
            lock (_lock)
            {
                _visits--;
            }
        }
    }

    private async Task VisitAsync(KeptState state, CancellationToken cancellationToken)
    {
        KeptStream kept = state.Kept;
        long last = kept.Stream.Interval.LastClosedBar(Now);
        if (kept.FirstBar > last)
        {
            End(state, last, result: null, isComplete: true);
            return;
        }

        BackfillResult result;
        long through = last;
        try
        {
            long from = await FindFirstToAskAsync(state, last, cancellationToken);
            result = await CompareAsync(kept, new TimeRange(from, last), cancellationToken);
            if (result.Status == BackfillStatus.Partial)
            {
                through = await FindCompleteAsync(kept.Stream, from, last, cancellationToken);
            }

            if (result.Error is null && result.Status != BackfillStatus.Cancelled)
            {
                NoteComplete(state, from, through);
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            result = FailedBy(error, kept, new TimeRange(last, last));
        }
        catch (OperationCanceledException)
        {
            result = new BackfillResult { Stream = kept.Stream, Range = new TimeRange(last, last), Status = BackfillStatus.Cancelled };
        }

        Judge(result);
        End(state, last, result, isComplete: result.Error is null && through == last);
    }

    // Where a store keeps no trail, nothing is compared.
    private async Task<BackfillResult> CompareAsync(KeptStream kept, TimeRange range, CancellationToken cancellationToken)
    {
        if (kept.Compare > 0 && !Volatile.Read(ref _cannotRevise))
        {
            BackfillResult result = await CompleteAsync(_comparing, kept, [range], cancellationToken);
            if (result.Error is not NotSupportedException)
            {
                return result;
            }

            Volatile.Write(ref _cannotRevise, true);
        }

        return await CompleteAsync(_plain, kept, [range], cancellationToken);
    }

    /// <summary>Runs some ranges of a stream, and gives what became of them as one.</summary>
    private async Task<BackfillResult> CompleteAsync(
        BackfillEngine engine, KeptStream kept, IReadOnlyList<TimeRange> ranges, CancellationToken cancellationToken)
    {
        BackfillResult? whole = null;
        await foreach (BackfillResult part in engine.RunAsync(
            [new BackfillRequest(_store, _fetcher, kept.Stream, ranges)], cancellationToken))
        {
            // The worst of them says how it went.
            whole = whole is null ? part : (part.Status > whole.Status ? part.Plus(whole) : whole.Plus(part));
        }

        return whole!;
    }

    // As far back as the newest page reaches, so that one request brings all; what lies behind is history's matter.
    private async Task<long> FindFirstToAskAsync(KeptState state, long last, CancellationToken cancellationToken)
    {
        KeptStream kept = state.Kept;
        BarInterval interval = kept.Stream.Interval;
        int page = Math.Max(1, _fetcher.GetBarsPerRequest(kept.Stream, last) ?? _options.DefaultBarsPerRequest);
        long oldest = Math.Max(kept.FirstBar, interval.Add(last, 1 - page));
        if (state.CompleteTo is not { } complete)
        {
            TimeRangeSet missing = await GapFinder.FindAsync(
                new StoreHistoryProvider(_store, _fetcher), kept.Stream, new TimeRange(oldest, last), cancellationToken: cancellationToken);
            complete = missing.Bounds is { } bounds ? interval.Previous(bounds.Start) : last;
        }

        return Math.Max(oldest, kept.Compare == 0 ? Math.Min(interval.Next(complete), last) : interval.Add(Math.Min(complete, last), 1 - kept.Compare));
    }

    private async Task<long> FindCompleteAsync(StreamKey stream, long from, long last, CancellationToken cancellationToken)
    {
        TimeRangeSet missing = await GapFinder.FindAsync(
            new StoreHistoryProvider(_store, _fetcher), stream, new TimeRange(from, last), cancellationToken: cancellationToken);
        return missing.Bounds is { } bounds ? stream.Interval.Previous(bounds.Start) : last;
    }

    private void NoteComplete(KeptState state, long from, long through)
    {
        long before = state.Kept.Stream.Interval.Previous(from);
        lock (_lock)
        {
            // What lies between what was complete and what was asked for has to be looked at.
            if (state.CompleteTo is not { } complete || complete < before)
            {
                GoThroughHistory(state, before);
            }

            state.CompleteTo = Math.Max(through, state.CompleteTo ?? through);
            state.Gauge.Complete(state.CompleteTo.Value);
        }
    }

    private void End(KeptState state, long last, BackfillResult? result, bool isComplete)
    {
        KeptStream kept = state.Kept;
        BarInterval interval = kept.Stream.Interval;
        DateTimeOffset now = Now;
        lock (_lock)
        {
            bool isCancelled = result?.Status == BackfillStatus.Cancelled;
            See(state, isCancelled);

            // What the whole lane waits for is no fault of the stream, which comes again with all others.
            bool isOfLane = isCancelled || (_trouble.Error is not null && LaneTrouble.IsOfLane(result?.Error));
            state.Failures = isComplete ? 0 : isOfLane ? state.Failures : state.Failures + 1;
            DateTimeOffset regular = UnixTime.FromSeconds(interval.Next(interval.Next(Math.Max(last, interval.Previous(kept.FirstBar))))) + _askAfter;
            DateTimeOffset again = isOfLane ? now : now + GrowingDelay.After(state.Failures, result?.Error is null ? Shorter(interval) : null);

            // Whoever fails has to wait for longer than to the next bar; one that misses a bar is asked again with the next at the latest.
            Free(state, isComplete || (result?.Error is null && again > regular) ? regular : again);
        }

        Tell(state, result);
    }

    private void Tell(KeptState state, BackfillResult? result)
    {
        if (result is { Status: not BackfillStatus.Cancelled })
        {
            state.Gauge.Add(result);
            _world.Tell(new KeepOutcome(state.Kept, result));
        }
    }

    // Under the lock.
    private void See(KeptState state, bool isCancelled)
    {
        if (!state.IsSeen && !state.IsGone && !isCancelled)
        {
            state.IsSeen = true;
            _unseen--;
        }
    }

    private static TimeSpan Shorter(BarInterval interval) =>
        interval.Duration < LongestWaitForBar ? interval.Duration : LongestWaitForBar;

    // Under the lock.
    private void Free(KeptState state, DateTimeOffset? due)
    {
        state.IsBusy = false;
        if (state.IsGone)
        {
            return;
        }

        if (due is { } at)
        {
            Schedule(state, at);
        }
        else if (state.IsLate)
        {
            Schedule(state, Now);
        }

        state.IsLate = false;
        if (state.Behind is not null && !state.IsQueued)
        {
            state.IsQueued = true;
            _behind.Enqueue(state, -state.Behind.Value);
        }
    }

    private static BackfillResult FailedBy(Exception error, KeptStream kept, TimeRange range) => new()
    {
        Stream = kept.Stream,
        Range = range,
        Status = BackfillStatus.Failed,
        BarsMissing = range.CountBars(kept.Stream.Interval),
        Error = error,
    };
}
