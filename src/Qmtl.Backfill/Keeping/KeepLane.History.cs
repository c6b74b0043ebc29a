using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Keeping;

internal sealed partial class KeepLane
{
    // So many bars are looked at in the store at a time.
    private const int BarsPerLook = 500_000;

    // So many pages are asked for at a time; a stream's new bar waits for no more than these.
    private const int PagesPerPiece = 4;

    // Somebody else may remove bars, or write some.
    private static readonly TimeSpan LookAgain = TimeSpan.FromHours(1);

    // Under the lock.
    private static void GoThroughHistory(KeptState state, long? from)
    {
        if (from is { } newest && newest >= state.Kept.FirstBar && !(state.Behind >= newest))
        {
            state.Behind = newest;
        }
    }

    // The stream whose next hole is the newest of all.
    private KeptState? TakeBehind()
    {
        while (_behind.TryDequeue(out KeptState? state, out _))
        {
            state.IsQueued = false;
            if (!state.IsGone && !state.IsBusy && state.Behind is not null)
            {
                state.IsBusy = true;
                return state;
            }
        }

        return null;
    }

    // Fills the newest piece of what is missing behind, or finds that nothing is.
    private async Task FillBehindAsync(KeptState state, CancellationToken asking, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(asking, cancellationToken);
        KeptStream kept = state.Kept;
        BackfillResult? result = null;
        long newest = state.Behind!.Value;
        long next = newest;
        bool isLeft = false;
        try
        {
            long oldest = Math.Max(kept.FirstBar, _fetcher.GetReach(kept.Stream)?.OldestBar ?? kept.FirstBar);
            TimeRangeSet missing = TimeRangeSet.Empty(kept.Stream.Interval);
            while (missing.IsEmpty && next >= oldest && !either.IsCancellationRequested)
            {
                var look = new TimeRange(Math.Max(oldest, kept.Stream.Interval.Add(next, 1 - BarsPerLook)), next);
                missing = await GapFinder.FindAsync(
                    new StoreHistoryProvider(_store, _fetcher), kept.Stream, look, cancellationToken: either.Token);
                next = missing.IsEmpty ? kept.Stream.Interval.Previous(look.Start) : next;
            }

            if (!missing.IsEmpty)
            {
                TimeRangeSet piece = NewestPiece(kept, missing);
                result = await FillPieceAsync(state, piece, either.Token);
                isLeft = result is null;
                next = result is null or { Status: BackfillStatus.Failed or BackfillStatus.Cancelled }
                    ? next
                    : kept.Stream.Interval.Previous(piece.Bounds!.Value.Start);
            }
            else
            {
                next = next < oldest ? long.MinValue : next;
                state.LeftSince = null;
            }
        }
        catch (Exception error)
        {
            // What was cancelled goes on where it was.
            result = either.IsCancellationRequested ? null : FailedBy(error, kept, new TimeRange(newest, newest));
        }

        EndPiece(state, newest, next, result, isLeft);
    }

    // Null where another run fills the stream: its new bars are not to wait for that, nor the history of others.
    private async Task<BackfillResult?> FillPieceAsync(KeptState state, TimeRangeSet piece, CancellationToken cancellationToken)
    {
        IAsyncDisposable? claim;
        try
        {
            claim = await _store.TryClaimAsync(state.Kept.Stream, cancellationToken);
        }
        catch (StoreException)
        {
            // What is the matter with the store is told by what it is asked next.
            claim = StreamClaim.None;
        }

        if (claim is null)
        {
            state.LeftSince ??= _world.Clock.GetTimestamp();
            if (_world.Clock.GetElapsedTime(state.LeftSince.Value) < StreamBackfill.LongestClaimWait)
            {
                return null;
            }

            _plain.Raise(new BackfillStoreWarning(state.Kept.Stream, _store.Info.DisplayName, StreamBackfill.GoesBeside));
        }

        await using (claim ?? StreamClaim.None)
        {
            state.LeftSince = claim is null ? state.LeftSince : null;
            return await CompleteAsync(state.Kept, [.. piece], isClaimed: true, cancellationToken);
        }
    }

    private void EndPiece(KeptState state, long newest, long next, BackfillResult? result, bool isLeft)
    {
        if (result is not null)
        {
            Judge(result);
        }

        lock (_lock)
        {
            _pieces--;

            // A hole that has come up meanwhile is newer than what was looked for.
            if (state.Behind == newest)
            {
                state.Behind = next >= state.Kept.FirstBar ? next : null;
            }

            if (result?.Error is not null && !LaneTrouble.IsOfLane(result.Error))
            {
                // It is this stream's own matter, and would be again at once.
                state.IsHeldBack = true;
            }

            // What is left to another run comes again after the next visit, or with the hourly look.
            Free(state, due: null, isQueued: !isLeft);
        }

        Tell(state, result);
    }

    // How much of everything is there is for the store to count.
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        KeptState[] states;
        lock (_lock)
        {
            states = [.. _states.Values];
        }

        try
        {
            IReadOnlyList<StreamStatus> found = await StreamStatus.FindAsync(
                new StoreHistoryProvider(_store, _fetcher),
                [.. states.Select(state => state.Kept.Expected)],
                Now,
                cancellationToken);
            foreach ((KeptState state, StreamStatus status) in states.Zip(found))
            {
                state.Gauge.Look(status.History, status.Due);
                LookBehind(state, status);
            }

            Wake();
        }
        catch (Exception error) when (error is StoreException || cancellationToken.IsCancellationRequested)
        {
            // The next visit meets what is the matter, and tells of it.
        }
    }

    // Bars that somebody has removed, and those that could not be had before.
    private void LookBehind(KeptState state, StreamStatus status)
    {
        lock (_lock)
        {
            if (status.Missing > 0 && !state.IsGone)
            {
                GoThroughHistory(state, state.CompleteTo);
                Queue(state);
            }
        }
    }

    // Under the lock.
    private void Queue(KeptState state)
    {
        if (state is { Behind: { } behind, IsHeldBack: false, IsQueued: false, IsBusy: false })
        {
            state.IsQueued = true;
            _behind.Enqueue(state, -behind);
        }
    }

    // A whole file where the source publishes one of the newest hole, and otherwise some pages.
    private TimeRangeSet NewestPiece(KeptStream kept, TimeRangeSet missing)
    {
        BarInterval interval = kept.Stream.Interval;
        long end = missing.Bounds!.Value.End;
        List<TimeRange> files = _fetcher is IBulkSource bulk
            ? BackfillPlanner.ChooseFiles(missing, bulk.GetFiles(kept.Stream, missing.Bounds.Value), start => BarsFrom(kept, start))
            : [];
        TimeRange? file = files.Where(span => span.Contains(end)).Select(span => (TimeRange?)span).FirstOrDefault();
        long oldest = file?.Start ?? interval.Add(end, 1 - ((long)PagesPerPiece * BarsFrom(kept, end)));
        long behindFile = file is null
            ? files.Where(span => span.End < end).Select(span => interval.Next(span.End)).DefaultIfEmpty(oldest).Max()
            : oldest;
        return missing.Intersect(new TimeRange(Math.Max(oldest, behindFile), end));
    }

    private int BarsFrom(KeptStream kept, long start) =>
        Math.Max(1, _fetcher.GetBarsPerRequest(kept.Stream, start) ?? _options.DefaultBarsPerRequest);
}
