using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Something that happened during a backfill, for progress bars, logs and metrics. Events of one stream come in order, from any thread.
/// </summary>
/// <param name="Stream">The stream it happened to.</param>
public abstract record BackfillEvent(StreamKey Stream);

/// <summary>A request has begun; a <see cref="BackfillEnded"/> follows, whatever happens between.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Ranges">How many ranges are to be completed.</param>
public sealed record BackfillStarted(StreamKey Stream, string Source, int Ranges) : BackfillEvent(Stream)
{
    /// <summary>From the first range's start to the last one's end, as they were asked for; null where there is no range.</summary>
    public TimeRange? Bounds { get; init; }
}

/// <summary>A request has ended: each of its ranges has its result.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Duration">From <see cref="BackfillStarted"/> on.</param>
public sealed record BackfillEnded(StreamKey Stream, string Source, TimeSpan Duration) : BackfillEvent(Stream)
{
    /// <summary>
    /// The bar up to which all that was asked for is stored or known to be empty (its open, Unix seconds, UTC); null where the first is
    /// not, or the store was not reached.
    /// </summary>
    public long? CompleteUpTo { get; init; }

    /// <summary>The closed bars that were asked for; null where there were none.</summary>
    public TimeRangeSet? Asked { get; init; }

    /// <summary>
    /// Those of them that are neither stored nor known to be empty, or of which that is not known; null where there are none.
    /// </summary>
    public TimeRangeSet? Missing { get; init; }

    /// <summary>How long the stream's requests waited for the source's rate limit, all together; several may have waited at once.</summary>
    public TimeSpan RateLimitWait { get; init; }

    /// <summary>
    /// The store's display name and the way by which bars got into it, where it has several ways and has taken one; null otherwise.
    /// </summary>
    public (string Store, string Path)? WritePath { get; init; }

    /// <summary>
    /// The store's display name and the table in it that the stream's bars are in; null where the store has no tables or was not reached.
    /// </summary>
    public (string Store, string Table)? Table { get; init; }
}

/// <summary>A write did not fail, and yet something is wrong with the store that an operator should know.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Store">The store's display name.</param>
/// <param name="Warning">What is wrong and what to do, in sentences.</param>
public sealed record BackfillStoreWarning(StreamKey Stream, string Store, string Warning) : BackfillEvent(Stream);

/// <summary>
/// Something about how a source's answers were read that an operator should know. Each kind is told once or a few times for a stream, not
/// for every page.
/// </summary>
/// <param name="Stream">The stream.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Note">What it is.</param>
public sealed record BackfillSourceNote(StreamKey Stream, string Source, SourceNote Note) : BackfillEvent(Stream);

/// <summary>A stream's plan is made.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="BarsMissing">Bars to ask for.</param>
/// <param name="Requests">Requests that will be made if each is answered whole and none has to be repeated.</param>
public sealed record BackfillPlanned(StreamKey Stream, long BarsMissing, long Requests) : BackfillEvent(Stream)
{
    /// <summary>
    /// The bar up to which all that is asked for is there already (its open, Unix seconds, UTC); null where the first one is missing.
    /// </summary>
    public long? CompleteUpTo { get; init; }

    /// <summary>The bars that are not there yet; null where nothing is missing.</summary>
    public TimeRangeSet? Missing { get; init; }
}

/// <summary>A page is committed: its bars can be read and its empty bars are remembered.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Range">The asked range, both ends included.</param>
/// <param name="BarsWritten">Bars written.</param>
/// <param name="BarsEmpty">Bars now known to be empty.</param>
/// <param name="BarsAsked">Missing bars that this page was to settle; those neither written nor empty are still missing.</param>
/// <param name="CompleteUpTo">
/// The bar up to which all that the backfill asks for is stored or known to be empty (its open, Unix seconds, UTC); null where not even the
/// first is.
/// </param>
public sealed record BackfillPageCommitted(
    StreamKey Stream, TimeRange Range, long BarsWritten, long BarsEmpty, long BarsAsked, long? CompleteUpTo) : BackfillEvent(Stream)
{
    /// <summary>The bars that are now stored or known to be empty and were missing before; null where there are none.</summary>
    public TimeRangeSet? Settled { get; init; }

    /// <summary>
    /// Requests that the page took, with repeated ones; 0 where the source had said beforehand that it has nothing so early.
    /// </summary>
    public int Requests { get; init; }
}

/// <summary>A source has answered one request, or failed to.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Range">The asked range, both ends included.</param>
/// <param name="Duration">How long the source took.</param>
/// <param name="Error">Why it failed, or null.</param>
public sealed record BackfillSourceAsked(
    StreamKey Stream, string Source, TimeRange Range, TimeSpan Duration, Exception? Error) : BackfillEvent(Stream);

/// <summary>
/// A request is about to wait, because the source's host is near its rate limit or asked to be left alone. Raised again for each further
/// wait.
/// </summary>
/// <param name="Stream">The stream.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Delay">How long it waits.</param>
public sealed record BackfillWaiting(StreamKey Stream, string Source, TimeSpan Delay) : BackfillEvent(Stream);

/// <summary>A request or a write failed for a passing reason and will be tried again.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Range">The asked range, both ends included.</param>
/// <param name="Attempt">The number of the retry to come, from 1.</param>
/// <param name="Delay">How long is waited before it.</param>
/// <param name="Error">What failed.</param>
public sealed record BackfillRetrying(
    StreamKey Stream, TimeRange Range, int Attempt, TimeSpan Delay, Exception Error) : BackfillEvent(Stream);

/// <summary>
/// Rows of a stream's answers could not be stored. Raised once a stream, when it ends, with the counts of all its answers.
/// </summary>
/// <param name="Stream">The stream.</param>
/// <param name="Source">The source's name.</param>
/// <param name="Rejected">The counts by reason.</param>
public sealed record BackfillRowsRejected(StreamKey Stream, string Source, RejectedRows Rejected) : BackfillEvent(Stream);

/// <summary>A range has ended.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Result">How.</param>
public sealed record BackfillRangeEnded(StreamKey Stream, BackfillResult Result) : BackfillEvent(Stream);
