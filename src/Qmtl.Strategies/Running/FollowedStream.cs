using System.Diagnostics.CodeAnalysis;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Keeping;
using Qmtl.Strategies.Replay;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Running;

/// <summary>
/// One stream of a run that goes on: first its history, then what its provider has as soon as the watch says that it is complete. Every bar
/// is read from the provider once, behind the last one that was.
/// </summary>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
internal sealed partial class FollowedStream
{
    // Holes that were given up and may still be filled. More than these are not a hole but a stream without bars.
    private const int MostHoles = 64;

    private const long NoPage = long.MinValue;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private readonly StreamInput _stream;
    private readonly int _place;
    private readonly IBarWatch _watch;
    private readonly FollowOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly FollowNews _news;
    private readonly FollowedStreams _all;
    private readonly ProviderCalls _provider;
    private readonly SemaphoreSlim _asked = new(0);
    private readonly TimeRange? _history;
    private readonly long _last;

    // All bars up to here have had their turn.
    private long _after;
    private TimeRangeSet _holes;
    private bool _isOverdue;

    // What was told last of its place, and what that means; guarded by the gate of all streams.
    private long _told;
    private bool _isBehind;
    private bool _hasReturned;

    // Since when its page has waited to be used up; NoPage where it has none.
    private long _arrived = NoPage;

    /// <summary>A stream that is warmed up.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="place">Its place in the pipeline.</param>
    /// <param name="window">What was made sure of; null where nothing had closed since <see cref="FollowOptions.Start"/>.</param>
    /// <param name="watch">Tells of new bars.</param>
    /// <param name="options">How the run goes on.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="read">How its provider is asked.</param>
    /// <param name="news">Told of holes, and of being behind.</param>
    /// <param name="all">All streams of the run, which takes the bars.</param>
    public FollowedStream(
        StreamInput stream,
        int place,
        TimeRange? window,
        IBarWatch watch,
        FollowOptions options,
        TimeProvider timeProvider,
        BackfillOptions read,
        FollowNews news,
        FollowedStreams all)
    {
        (_stream, _place, _watch, _options, _timeProvider, _news, _all) = (stream, place, watch, options, timeProvider, news, all);
        _provider = stream.CallProvider(read);
        _last = options.End is { } end ? Interval.Floor(end.ToUnixTimeSeconds()) : long.MaxValue;

        _holes = TimeRangeSet.Empty(Interval);
        if (window is { } warm)
        {
            _after = Interval.Previous(warm.Start);
            TimeRangeSet complete = stream.Cache.State.GetRanges(stream.Key).Intersect(warm);
            TimeRangeSet missing = new TimeRangeSet(Interval, warm).Subtract(complete);
            if (FindSeen(complete, missing) is { } seen)
            {
                _history = new TimeRange(warm.Start, seen);
                _holes = missing.Intersect(_history.Value);
            }
        }
        else
        {
            _after = Interval.Previous(Interval.Ceiling(AskedRange.FirstSecond(options.Start!.Value)));
        }
    }

    private BarInterval Interval => _stream.Interval;

    private long Next => Interval.Next(_after);

    // What the warm-up did not find may only be late where it is young, or at the end of the window; else it is a hole.
    private long? FindSeen(TimeRangeSet complete, TimeRangeSet missing)
    {
        if (complete.Bounds is not { } bounds)
        {
            return null;
        }

        long young = Interval.Floor((_timeProvider.GetUtcNow() - _options.Patience).ToUnixTimeSeconds());
        long seen = young <= bounds.End && missing.Intersect(new TimeRange(young, bounds.End)).Bounds is { } late
            ? Interval.Previous(late.Start)
            : bounds.End;
        return seen > _after ? seen : null;
    }

    /// <summary>How long a page of the stream has waited for bars of others that come before it; null where none has come.</summary>
    public TimeSpan? Waited
    {
        get
        {
            long arrived = Volatile.Read(ref _arrived);
            return arrived == NoPage ? null : _timeProvider.GetElapsedTime(arrived);
        }
    }

    /// <summary>The page before is used up.</summary>
    public void AskForMore()
    {
        Volatile.Write(ref _arrived, NoPage);
        _asked.Release();
    }

    /// <summary>Brings history, then new bars, until the end or the cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_options.Start is null && !(_stream.OldestOfFullCache > _history?.Start))
        {
            var held = new TimeRange(long.MinValue, _history?.End ?? _after);
            await ArriveAsync(_stream.Cache.Slice(_stream.Key, held), cancellationToken);
        }
        else if (_history is { } stored)
        {
            await BringAsync(stored, isNew: false, cancellationToken);
        }

        _after = _history?.End ?? _after;
        TellOfPlace();
        for (TimeSpan pause = ShortestPause; _after < _last;)
        {
            try
            {
                if (await WaitAsync(cancellationToken) is { } complete)
                {
                    await TakeFilledHolesAsync(cancellationToken);
                    await TakeAsync(Math.Min(complete, _last), cancellationToken);
                    pause = ShortestPause;
                }
            }
            catch (Exception error) when (TransientErrors.IsTransient(error) && !cancellationToken.IsCancellationRequested)
            {
                // Nothing is lost: what was not taken is read again.
                if (pause == ShortestPause)
                {
                    _news.Away(error);
                }

                // No other stream waits for what holds this one any longer than for its bar.
                _ = IsOverdue(Next) && FallBehind(_all.FindLongestWait(), isOverdue: false, isEnd: false);
                await Task.Delay(pause, _timeProvider, cancellationToken);
                pause = pause < TimeSpan.FromSeconds(30) ? pause * 2 : pause;
            }
        }

        lock (_all.Gate)
        {
            _isBehind = false;
            _all.Tell(new BarArrival(_place, null, Next, IsAwaited: false));
        }
    }

    /// <summary>
    /// Has the others wait for it once more where it is behind, because one that was away with it is back: their bars are in order again
    /// where it comes within the patience. The gate is held.
    /// </summary>
    /// <returns>Whether it was behind.</returns>
    public bool AwaitAgain()
    {
        if (!_isBehind)
        {
            return false;
        }

        _isBehind = false;
        if (Waited is null)
        {
            _all.Tell(new BarArrival(_place, null, _told, IsAwaited: true));
        }

        return true;
    }

    private async Task GiveUpAsync(TimeRange hole, CancellationToken cancellationToken)
    {
        TimeRangeSet missing = new TimeRangeSet(Interval, hole)
            .Subtract(await _provider.GetKnownEmptyAsync(hole, static () => { }, cancellationToken));
        if (!missing.IsEmpty)
        {
            _news.Hole(missing);
            TimeRangeSet holes = _holes.Union(missing);
            _holes = new TimeRangeSet(Interval, holes.Skip(holes.Count - MostHoles));
        }

        _after = hole.End;
        TellOfPlace();
    }

    private async Task TakeAsync(long last, CancellationToken cancellationToken)
    {
        var bars = new TimeRange(Next, last);
        await BringAsync(bars, isNew: true, cancellationToken);
        _stream.Cache.State.MarkComplete(_stream.Key, bars);
        if (_after < last)
        {
            _after = last;
            TellOfPlace();
        }
    }

    private async Task TakeFilledHolesAsync(CancellationToken cancellationToken)
    {
        if (_holes.Bounds is not { } bounds)
        {
            return;
        }

        TimeRangeSet filled = _holes.Intersect(await _provider.GetCoverageAsync(bounds, static () => { }, cancellationToken));
        foreach (TimeRange range in filled)
        {
            await BringAsync(range, isNew: true, cancellationToken);
        }
    }

    // Each page is read by itself: one may wait for other streams for long, and no connection must be held the while.
    private async Task BringAsync(TimeRange bars, bool isNew, CancellationToken cancellationToken)
    {
        TimeRange? left = bars;
        while (left is { } rest && await ReadPageAsync(rest, cancellationToken) is { Bounds: { } bounds } page)
        {
            if (isNew)
            {
                _stream.Cache.BackfillBulk(_stream.Key, page);
            }

            await ArriveAsync(page, cancellationToken);
            left = bounds.End < bars.End ? new TimeRange(Interval.Next(bounds.End), bars.End) : null;
        }
    }

    private async Task<BarFrame?> ReadPageAsync(TimeRange bars, CancellationToken cancellationToken)
    {
        await foreach (BarFrame page in _provider.ReadAsync(bars, static _ => { }, static () => { }, cancellationToken))
        {
            return page;
        }

        return null;
    }

    // Hands a page on and waits until it is used up, so that no more than one is in memory.
    private async Task ArriveAsync(BarFrame page, CancellationToken cancellationToken)
    {
        if (page.Bounds is { } bounds)
        {
            _after = Math.Max(_after, bounds.End);
            _holes = _holes.IsEmpty ? _holes : _holes.Subtract(TimeRangeSet.FromTimestamps(Interval, page.Timestamps));
            Tell(page);
            await _asked.WaitAsync(cancellationToken);
        }
    }

    private void TellOfPlace() => Tell(page: null);

    private void Tell(BarFrame? page)
    {
        bool hasCaughtUp = _isOverdue && !IsOverdue(Next);
        lock (_all.Gate)
        {
            if (page is not null && _isOverdue && !_hasReturned)
            {
                // Where others are to be in step with it, it has to be with them.
                _hasReturned = true;
                _isBehind &= !_all.AwaitOthersAgain(this);
            }

            if (hasCaughtUp)
            {
                _isBehind = _isOverdue = _hasReturned = false;
            }

            if (page is not null)
            {
                Volatile.Write(ref _arrived, _timeProvider.GetTimestamp());
            }

            _told = Next;
            _all.Tell(new BarArrival(_place, page, Next, IsAwaited: !_isBehind));
        }

        if (hasCaughtUp)
        {
            _news.CaughtUp();
        }
    }
}
