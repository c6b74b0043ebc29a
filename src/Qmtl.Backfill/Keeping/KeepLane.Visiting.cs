using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Telemetry.Logging;
using Qmtl.Time;

namespace Qmtl.Keeping;

internal sealed partial class KeepLane
{
    // Bars that are not there yet are asked for again, the later the seldomer.
    private static readonly TimeSpan LongestWaitForBar = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The last bar up to which all that follow <paramref name="after"/> are there or known not to exist; <paramref name="after"/> itself
    /// where the next one is neither, or has not closed.
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
        KeptState[] states = [.. _states.Values];
        var newest = new ConcurrentDictionary<KeptState, BackfillResult>();
        await AskNewestAsync(
            states,
            (state, _, result) =>
            {
                newest[state] = result;
                return Task.CompletedTask;
            },
            cancellationToken);
        var outcomes = new ConcurrentBag<KeepOutcome>();
        await Parallel.ForEachAsync(
            states,
            new ParallelOptions { MaxDegreeOfParallelism = _options.ThrottleLimit },
            async (state, _) =>
            {
                var outcome = new KeepOutcome(
                    state.Kept, await CompleteOnceAsync(state.Kept, newest.GetValueOrDefault(state), cancellationToken));
                outcomes.Add(outcome);
                state.Gauge.Add(outcome.Result);
                _world.Tell(outcome);
            });
        return [.. outcomes];
    }

    private async Task<BackfillResult> CompleteOnceAsync(KeptStream kept, BackfillResult? newest, CancellationToken cancellationToken)
    {
        long last = LastDue(kept);
        var range = new TimeRange(Math.Min(kept.FirstBar, last), last);
        if (newest?.Error is SourceException { IsTransient: false }
            && await GapFinder.FindAsync(
                new StoreHistoryProvider(_store, _fetcher), kept.Stream, range, cancellationToken: cancellationToken) is var missing
            && missing.BarCount == range.CountBars(kept.Stream.Interval))
        {
            // A source that refuses a stream of which it never gave a bar does not know it. Asked for more, it says the same again.
            return newest with { Range = range, BarsMissing = missing.BarCount };
        }

        BackfillResult whole = await CompleteAsync(kept, [range], isClaimed: false, cancellationToken);
        return newest is null ? whole

            // The whole knows what is missing in the end. What could not be compared has failed all the same.
            : newest.Error is null or NotSupportedException || whole.Error is not null
                ? whole.Plus(newest with { BarsMissing = 0, Error = null, Obstacle = null })
                : newest with { Range = range, BarsMissing = whole.BarsMissing };
    }

    // Asks for the newest bars of all streams that are due together.
    private async Task VisitAsync(List<KeptState> due, CancellationToken asking, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(asking, cancellationToken);
        HashSet<KeptState> open = [.. due];
        try
        {
            await AskNewestAsync(
                due,
                (state, asked, result) =>
                {
                    open.Remove(state);
                    return SettleAsync(state, asked, result, either.Token);
                },
                either.Token);
        }
        catch (Exception error)
        {
            Fault(error);
            foreach (KeptState state in open)
            {
                // Each comes again by itself, after its own growing delay.
                var range = new TimeRange(LastDue(state.Kept), LastDue(state.Kept));
                End(state, range.End, EndedBy(error, state.Kept, range, either.Token), isComplete: false);
            }
        }
        finally
        {
            lock (_lock)
            {
                _visits--;
            }
        }
    }

    // Gives each stream what became of it, once.
    private async Task AskNewestAsync(
        IReadOnlyCollection<KeptState> states, Func<KeptState, TimeRange, BackfillResult, Task> settle, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<StreamKey, long> newest;
        try
        {
            newest = await FindNewestAsync(states, cancellationToken);
        }
        catch (Exception error)
        {
            foreach (KeptState state in states)
            {
                var range = new TimeRange(LastDue(state.Kept), LastDue(state.Kept));
                await settle(state, range, EndedBy(error, state.Kept, range, cancellationToken));
            }

            return;
        }

        var open = new Dictionary<StreamKey, (KeptState State, TimeRange Asked)>();
        foreach (KeptState state in states)
        {
            long last = LastDue(state.Kept);
            try
            {
                open.Add(state.Kept.Stream, (state, new TimeRange(Math.Min(FirstToAsk(state, last, newest), last), last)));
            }
            catch (Exception error)
            {
                // What a source says of one stream may fail, for that one alone.
                var range = new TimeRange(last, last);
                await settle(state, range, EndedBy(error, state.Kept, range, cancellationToken));
            }
        }

        IEnumerable<BackfillRequest> requests = open
            .Where(asked => asked.Value.State.Kept.FirstBar <= asked.Value.Asked.End)
            .Select(asked => new BackfillRequest(_store, _fetcher, asked.Key, [asked.Value.Asked]));
        await foreach (BackfillResult result in _newest.RunAsync(requests.ToArray(), cancellationToken))
        {
            open.Remove(result.Stream, out (KeptState State, TimeRange Asked) of);
            await settle(of.State, of.Asked, result);
        }

        // What is left has no bar yet.
        foreach ((KeptState state, TimeRange asked) in open.Values)
        {
            await settle(state, asked, new BackfillResult { Stream = state.Kept.Stream, Range = asked, Status = BackfillStatus.Completed });
        }
    }

    // What is kept already is known; of the others the store tells its newest bar, all at once.
    private async Task<IReadOnlyDictionary<StreamKey, long>> FindNewestAsync(
        IReadOnlyCollection<KeptState> states, CancellationToken cancellationToken)
    {
        StreamKey[] unknown = [.. states.Where(state => state.CompleteTo is null).Select(state => state.Kept.Stream)];
        return unknown.Length == 0 ? new Dictionary<StreamKey, long>() : await _store.GetNewestAsync(unknown, cancellationToken);
    }

    // As far back as the newest page reaches, so that one request brings all; what lies behind is history's matter.
    private long FirstToAsk(KeptState state, long last, IReadOnlyDictionary<StreamKey, long> newest)
    {
        KeptStream kept = state.Kept;
        BarInterval interval = kept.Stream.Interval;
        long oldest = Math.Max(kept.FirstBar, interval.Add(last, 1 - BarsFrom(kept, last)));
        long complete = Math.Min(
            last, state.CompleteTo ?? (newest.TryGetValue(kept.Stream, out long stored) ? stored : interval.Previous(oldest)));
        int compare = _cannotRevise ? 0 : kept.Compare;
        return Math.Max(oldest, compare == 0 ? Math.Min(interval.Next(complete), last) : interval.Add(complete, 1 - compare));
    }

    private async Task SettleAsync(KeptState state, TimeRange asked, BackfillResult result, CancellationToken cancellationToken)
    {
        long through = asked.End;
        try
        {
            if (result.Status == BackfillStatus.Partial)
            {
                through = await FindCompleteAsync(state.Kept.Stream, asked.Start, asked.End, cancellationToken);
            }

            if (result.Error is null && result.Status != BackfillStatus.Cancelled)
            {
                NoteComplete(state, asked.Start, through);
            }
        }
        catch (Exception error)
        {
            result = EndedBy(error, state.Kept, asked, cancellationToken);
        }

        // Where a store keeps no trail, nothing is compared.
        _cannotRevise |= result.Error is NotSupportedException;
        Judge(result);
        End(state, asked.End, result, isComplete: result.Error is null && through == asked.End);
    }

    // Takes note of how an attempt ended; every stream's attempt ends here.
    private void Judge(BackfillResult result)
    {
        lock (_lock)
        {
            if (result.Status is BackfillStatus.Cancelled)
            {
                return;
            }

            if (!LaneTrouble.IsOfLane(result.Error))
            {
                // What found nothing to ask for says nothing of the source.
                if ((result.Requests > 0 || (result.Error is null && _trouble.Error is StoreException)) && _trouble.End() is { } was)
                {
                    KeepLog.Back(_world.Logger, LaneTrouble.WhatIsAway(was, _fetcher, _store));
                    Wake();
                }

                return;
            }

            bool wasAway = _trouble.Error is not null;
            if (_trouble.Begin(result.Error!, Math.Min(_options.ThrottleLimit, _states.Count)))
            {
                string what = LaneTrouble.WhatIsAway(result.Error!, _fetcher, _store);
                double seconds = Math.Round((_trouble.Until - Now).TotalSeconds, 1);
                KeepLog.Away(
                    _world.Logger, wasAway ? LogLevel.Information : LogLevel.Warning, what, seconds, result.Error!.Message);

                // The others of this visit would only fail alike, one after the other.
                _ = _asking.CancelAsync();
                _asking = new CancellationTokenSource();
            }
        }
    }

    /// <summary>Runs some ranges of a stream, and gives what became of them as one.</summary>
    private async Task<BackfillResult> CompleteAsync(
        KeptStream kept, IReadOnlyList<TimeRange> ranges, bool isClaimed, CancellationToken cancellationToken)
    {
        BackfillResult? whole = null;
        var request = new BackfillRequest(_store, _fetcher, kept.Stream, ranges) { IsClaimed = isClaimed };
        await foreach (BackfillResult part in _plain.RunAsync([request], cancellationToken))
        {
            // The worst of them says how it went.
            whole = whole is null ? part : (part.Status > whole.Status ? part.Plus(whole) : whole.Plus(part));
        }

        return whole!;
    }

    // A bar that closes this instant may still be forming by the source's clock.
    private long LastDue(KeptStream kept) => kept.Stream.Interval.LastClosedBar(Now - _askAfter);

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

    private void End(KeptState state, long last, BackfillResult result, bool isComplete)
    {
        KeptStream kept = state.Kept;
        BarInterval interval = kept.Stream.Interval;
        DateTimeOffset now = Now;
        lock (_lock)
        {
            bool isCancelled = result.Status == BackfillStatus.Cancelled;
            See(state, isCancelled);

            // What the whole lane waits for is no fault of the stream, which comes again with all others.
            bool isOfLane = isCancelled || (_trouble.Error is not null && LaneTrouble.IsOfLane(result.Error));
            state.Failures = isComplete ? 0 : isOfLane ? state.Failures : state.Failures + 1;
            long next = interval.Next(Math.Max(last, interval.Previous(kept.FirstBar)));
            DateTimeOffset regular = UnixTime.FromSeconds(interval.Next(next)) + _askAfter;
            TimeSpan delay = GrowingDelay.After(state.Failures, result.Error is null ? Shorter(interval) : null);
            DateTimeOffset again = isOfLane ? now : now + delay;

            // Whoever fails has to wait for longer than to the next bar; one that misses a bar is asked again with the next at the latest.
            Free(state, isComplete || (result.Error is null && again > regular) ? regular : again);
        }

        Tell(state, result);
    }

    private void Tell(KeptState state, BackfillResult? result)
    {
        if (result is { Status: not BackfillStatus.Cancelled })
        {
            state.Gauge.Add(result);
            try
            {
                _world.Tell(new KeepOutcome(state.Kept, result));
            }
            catch (Exception error)
            {
                // Whoever is told fails for itself, and the stream goes on.
                Fault(error);
            }
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
    private void Free(KeptState state, DateTimeOffset? due, bool isQueued = true)
    {
        state.IsBusy = false;
        if (state.IsGone)
        {
            return;
        }

        if (state.IsLate)
        {
            Schedule(state, Now);
        }
        else if (due is { } at)
        {
            Schedule(state, at);
        }

        state.IsLate = false;
        if (isQueued)
        {
            Queue(state);
        }
    }

    private static BackfillResult EndedBy(Exception error, KeptStream kept, TimeRange range, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? new BackfillResult { Stream = kept.Stream, Range = range, Status = BackfillStatus.Cancelled }
            : FailedBy(error, kept, range);

    private static BackfillResult FailedBy(Exception error, KeptStream kept, TimeRange range) => new()
    {
        Stream = kept.Stream,
        Range = range,
        Status = BackfillStatus.Failed,
        BarsMissing = range.CountBars(kept.Stream.Interval),
        Error = error,
    };
}
