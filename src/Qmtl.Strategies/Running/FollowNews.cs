using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Running;

/// <summary>What is told of one stream that is followed: as a warning, and to the log.</summary>
/// <param name="stream">The stream.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="warn">Told in words.</param>
/// <param name="log">Told the same, with fields.</param>
internal sealed class FollowNews(StreamKey stream, TimeProvider timeProvider, Action<string> warn, RunLog log)
{
    // A stream whose every bar is late by a little more than the patience would else be told of with each of them.
    private static readonly TimeSpan ToldFor = TimeSpan.FromHours(1);

    private long? _toldAt;
    private bool _isTold;
    private int _untold;

    /// <summary>Tells, once until it has caught up, that the stream is behind.</summary>
    /// <param name="bar">The bar that has not come.</param>
    /// <param name="isMore">Whether it is about more than that one bar: this is told however short ago another was.</param>
    public void Behind(long bar, bool isMore)
    {
        if (_isTold || (!isMore && _toldAt is { } before && timeProvider.GetElapsedTime(before) < ToldFor))
        {
            return;
        }

        string besides = _untold == 0 ? string.Empty : $" So it was with {_untold} bars since this was told last.";
        warn(
            $"{stream} is behind: its bar of {UnixTime.Format(bar)} has not come. Other streams that have waited for it go on without it "
                + $"until it has caught up.{besides}");
        log.FollowBehind(stream, bar, _untold);
        (_toldAt, _isTold, _untold) = (timeProvider.GetTimestamp(), true, 0);
    }

    /// <summary>Tells that it is behind no more, where it was told that it is.</summary>
    public void CaughtUp()
    {
        if (!_isTold)
        {
            _untold++;
            return;
        }

        _isTold = false;
        warn($"{stream} has caught up, and the other streams wait for it again.");
        log.FollowCaughtUp(stream);
    }

    /// <summary>Tells that bars are given up.</summary>
    public void Hole(TimeRangeSet missing)
    {
        warn(
            $"{stream} lacks {missing.BarCount} bars from {UnixTime.Format(missing[0].Start)} on, and newer ones are there. Nodes leave "
                + $"out the steps at the hole; what comes of it later is kept and recorded.");
        log.FollowHole(stream, missing);
    }

    /// <summary>Tells that what holds it cannot be read.</summary>
    public void Away(Exception error)
    {
        warn($"{stream} cannot be read at present, and is tried again until it can: {error.Message}");
        log.FollowAway(stream, error);
    }
}
