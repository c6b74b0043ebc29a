using Qmtl.Backfill;
using Qmtl.Fetching;
using Qmtl.History;

namespace Qmtl.Keeping;

/// <summary>
/// Whether a source, or the store that it fills, can be had. After some failures in a row nobody is asked until a growing delay has passed,
/// and then for one stream only. It is used under its lane's lock.
/// </summary>
/// <param name="clock">The clock.</param>
internal sealed class LaneTrouble(TimeProvider clock)
{
    private int _inARow;
    private int _pauses;
    private DateTimeOffset _until;

    /// <summary>What is the matter; null where nothing is.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Until when nobody is asked.</summary>
    public DateTimeOffset Until => Error is null ? DateTimeOffset.MinValue : _until;

    /// <summary>Whether the error may pass by itself, or is the store's and concerns all that is written to it.</summary>
    public static bool IsOfLane(Exception? error) =>
        error is not null && (TransientErrors.IsTransient(error) || error is StoreException { ConcernsWholeStore: true });

    /// <summary>Nobody waits any more for the time of day that was to be waited for.</summary>
    public void TryNow() => _until = DateTimeOffset.MinValue;

    /// <summary>Takes note of an answer.</summary>
    /// <returns>What was the matter until now; null where nothing was.</returns>
    public Exception? End()
    {
        Exception? was = Error;
        (_inARow, _pauses, Error) = (0, 0, null);
        return was;
    }

    /// <summary>Takes note of a failure that is the source's or the store's and no stream's.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="most">How many in a row say that nobody is to be asked for a while.</param>
    /// <returns>Whether a pause begins with it.</returns>
    public bool Begin(Exception error, int most)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (now < Until || (Error is null && ++_inARow < most && TransientErrors.RetryAfter(error) is null))
        {
            return false;
        }

        TimeSpan delay = GrowingDelay.After(++_pauses);
        _until = now + (TransientErrors.RetryAfter(error) is { } asked && asked > delay ? asked : delay);
        Error = error;
        return true;
    }

    /// <summary>What is away, as the subject of a sentence.</summary>
    public static string WhatIsAway(Exception error, IDataFetcher source, IHistoryStore store) =>
        error is StoreException ? store.Info.DisplayName : source.Name;
}
