using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>
/// A place that keeps bars and what was learnt about bars that do not exist. Every write is idempotent and whole: it is
/// there completely or not at all, whenever the process dies. Instances may be used from several threads at once.
/// </summary>
public interface IHistoryStore : IAsyncDisposable
{
    /// <summary>What and where the store is, and how it wants to be written to.</summary>
    StoreInfo Info { get; }

    /// <summary>
    /// What an operator should know of writes of the stream although they did not fail, a sentence each: a table that was written
    /// before was gone, for example. Each is told once; none by default.
    /// </summary>
    IReadOnlyList<string> TakeWarnings(StreamKey stream) => [];

    /// <summary>All streams of which the store holds a bar, by node id (ordinal), then interval.</summary>
    Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default);

    /// <summary>The bars that are stored, computed from the rows themselves.</summary>
    /// <param name="stream">The stream. One that the store does not know has no bars; that is no error.</param>
    /// <param name="within">Only bars that open inside, both ends included; null for all.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads the bars inside <paramref name="range"/> (both ends included) in ascending order, a frame of some thousand at a time.
    /// </summary>
    IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>
    /// As <see cref="ReadAsync(StreamKey, TimeRange, CancellationToken)"/>, and tells of rows beside the bars, which only other programs
    /// write: off the interval's grid, or a second one of a bar.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="range">The bars, both ends included.</param>
    /// <param name="onPassedOver">Told of the time of each such row (Unix seconds, UTC), before the frame that follows it; of none by
    /// default.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<BarFrame> ReadAsync(
        StreamKey stream, TimeRange range, Action<long> onPassedOver, CancellationToken cancellationToken = default) =>
        ReadAsync(stream, range, cancellationToken);

    /// <summary>The bars for which a source answered that there is none.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="source">The source's name; null for what any source answered.</param>
    /// <param name="within">Only bars that open inside, both ends included; null for all.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Streams at a glance. A store that counts itself answers for thousands of streams in a few
    /// queries; by default the coverage of each is looked at.
    /// </summary>
    /// <param name="streams">The streams; null for all. One of which no bar is stored is left out.</param>
    /// <param name="source">Whose "none" counts for a stream; null, also as an answer, for any source's.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    async Task<IReadOnlyList<HistorySummary>> SummarizeAsync(
        IReadOnlyCollection<StreamKey>? streams = null,
        Func<StreamKey, string?>? source = null,
        CancellationToken cancellationToken = default)
    {
        var summaries = new List<HistorySummary>();
        foreach (StreamKey stream in streams ?? await GetStreamsAsync(cancellationToken))
        {
            TimeRangeSet stored = await GetCoverageAsync(stream, cancellationToken: cancellationToken);
            TimeRangeSet empty = await GetKnownEmptyAsync(stream, source?.Invoke(stream), cancellationToken: cancellationToken);
            if (HistorySummary.Of(stream, stored, empty) is { } summary)
            {
                summaries.Add(summary);
            }
        }

        return summaries;
    }

    /// <summary>
    /// The newest bar that is stored of each stream, without counting any: a look at thousands of streams in a few queries where the store
    /// can. By default the streams are summarized.
    /// </summary>
    /// <param name="streams">The streams.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    /// <returns>The open of the bar by stream: Unix seconds, UTC. A stream of which no bar is stored is not among them.</returns>
    async Task<IReadOnlyDictionary<StreamKey, long>> GetNewestAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<HistorySummary> summaries = await SummarizeAsync(streams, cancellationToken: cancellationToken);
        return summaries.ToDictionary(summary => summary.Stream, summary => summary.Bounds.End);
    }

    /// <summary>
    /// Reads short ranges of many streams, in few queries where the store can: the bars, and what is known to be empty. By default each
    /// is read by itself.
    /// </summary>
    /// <param name="ranges">What to read; all of it is held at once.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    /// <returns>In the order of <paramref name="ranges"/>.</returns>
    async Task<IReadOnlyList<StoredRange>> ReadManyAsync(
        IReadOnlyList<StreamRange> ranges, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var stored = new List<StoredRange>(ranges.Count);
        foreach ((StreamKey stream, TimeRange range, string? source) in ranges)
        {
            stored.Add(new StoredRange(
                await ReadAsync(stream, range, cancellationToken).ToListAsync(cancellationToken),
                await GetKnownEmptyAsync(stream, source, range, cancellationToken)));
        }

        return stored;
    }

    /// <summary>
    /// Says that somebody begins to fill the stream, so that no other run asks a source for the same bars meanwhile. It is a courtesy and
    /// no lock: writes are safe without it.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>
    /// What is disposed when the stream has been filled, as it is when the process dies; null where another run has said so. Through a
    /// store that cannot tell, which is the default, nobody is ever in the way.
    /// </returns>
    Task<IAsyncDisposable?> TryClaimAsync(StreamKey stream, CancellationToken cancellationToken = default) =>
        Task.FromResult<IAsyncDisposable?>(StreamClaim.None);

    /// <summary>
    /// Why nothing could be written, in a sentence, as far as that is seen without writing or making anything; null where nothing is seen
    /// to stand in the way, as by default.
    /// </summary>
    /// <param name="cancellationToken">Ends the look.</param>
    Task<string?> FindWriteObstacleAsync(CancellationToken cancellationToken = default) => Task.FromResult<string?>(null);

    /// <summary>
    /// As <see cref="TryClaimAsync"/>, of many streams at once and for what one costs where the store can. By default each is claimed by
    /// itself.
    /// </summary>
    /// <param name="streams">The streams.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What is disposed when all of them have been filled; it tells which of them another run has claimed.</returns>
    async Task<StreamClaims> TryClaimManyAsync(
        IReadOnlyCollection<StreamKey> streams, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streams);
        var refused = new HashSet<StreamKey>();
        var claims = new List<IAsyncDisposable>();
        var held = new StreamClaims(refused, new StreamClaim(async () =>
        {
            foreach (IAsyncDisposable claim in claims)
            {
                await claim.DisposeAsync();
            }
        }));
        try
        {
            foreach (StreamKey stream in streams)
            {
                if (await TryClaimAsync(stream, cancellationToken) is { } claim)
                {
                    claims.Add(claim);
                }
                else
                {
                    refused.Add(stream);
                }
            }

            return held;
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Writes pages in one transaction: the bars (one that is there is replaced) and, with them, what was learnt about empty bars.
    /// For each page, what the page's source was thought not to have among <see cref="BarPage.Asked"/> is forgotten and replaced by
    /// <see cref="BarPage.Empty"/>.
    /// </summary>
    /// <exception cref="StoreException">The store refused or cannot be reached; nothing of the pages was written.</exception>
    Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes pages of many streams, each as <see cref="WriteAsync"/> does, or <see cref="ReviseAsync"/> where it is to, in as few
    /// transactions as the store can: a stream is written whole or not at all, and those that a transaction holds are together. By default
    /// each stream is written by itself.
    /// </summary>
    /// <param name="writes">What to write. Where a stream is there twice, the later comes after the earlier.</param>
    /// <param name="cancellationToken">Ends it; what was committed before stays.</param>
    /// <returns>
    /// In the order of <paramref name="writes"/>: null where it is written, and otherwise why nothing of it is. A stream that is refused
    /// holds back no other.
    /// </returns>
    /// <exception cref="StoreException">The store cannot be reached at all; nothing was written.</exception>
    async Task<IReadOnlyList<StoreException?>> WriteManyAsync(
        IReadOnlyList<StreamWrite> writes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writes);
        var outcomes = new StoreException?[writes.Count];
        for (int i = 0; i < writes.Count; i++)
        {
            try
            {
                if (!writes[i].Revises || !await TryReviseAsync(writes[i], cancellationToken))
                {
                    await WriteAsync(writes[i].Stream, writes[i].Pages, cancellationToken);
                }
            }
            catch (StoreException error)
            {
                outcomes[i] = error;
            }
        }

        return outcomes;
    }

    /// <summary>
    /// Removes bars, and forgets what was learnt as empty in their range, in one transaction: the range is then as if it had never been
    /// asked for. What the trail says of the bars stays.
    /// </summary>
    /// <param name="stream">The stream. One that the store does not know has nothing to remove; that is no error.</param>
    /// <param name="within">Only bars that open inside, both ends included; null for the whole stream.</param>
    /// <param name="cancellationToken">Ends it; nothing is removed then.</param>
    /// <exception cref="StoreException">The store refused or cannot be reached; nothing was removed.</exception>
    /// <exception cref="NotSupportedException">The store cannot remove bars; by default none can.</exception>
    Task<RemovedHistory> RemoveAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        throw CannotBe("removed");

    /// <summary>Forgets what was learnt as empty, so that it may be asked for again. Stored bars stay as they are.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="source">The source's name; null for what any source answered.</param>
    /// <param name="within">Only bars that open inside, both ends included; null for all.</param>
    /// <param name="cancellationToken">Ends it; nothing is forgotten then.</param>
    /// <returns>How many bars were known to be empty.</returns>
    /// <exception cref="StoreException">The store refused or cannot be reached; nothing was forgotten.</exception>
    /// <exception cref="NotSupportedException">The store cannot forget; by default none can.</exception>
    Task<long> ForgetEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        throw CannotBe("made unknown");

    /// <summary>
    /// Compares pages with what is stored and writes what differs, in one transaction with a trail of it (<see cref="BarRevision"/>): bars
    /// that are not stored, and those with another value in a column that the page has. As <see cref="WriteAsync"/> it replaces what was
    /// learnt of the asked bars; a bar that is stored is not learnt as empty, whatever the source says.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="pages">The pages; no bar is in two of them.</param>
    /// <param name="trailAdded">Whether the trail tells of bars that were not stored as well, not only of replaced values.</param>
    /// <param name="cancellationToken">Ends it; nothing is written then.</param>
    /// <exception cref="StoreException">The store refused or cannot be reached; nothing was written.</exception>
    /// <exception cref="NotSupportedException">The store cannot revise bars; by default none can.</exception>
    Task<RevisedHistory> ReviseAsync(
        StreamKey stream, IReadOnlyList<BarPage> pages, bool trailAdded, CancellationToken cancellationToken = default) =>
        throw CannotBe("revised");

    /// <summary>The trail of a stream, by bar, then by when it was changed; read a thousand entries at a time.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="within">Only bars that open inside, both ends included; null for all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="NotSupportedException">The store keeps no trail; by default none does.</exception>
    IAsyncEnumerable<BarRevision> ReadRevisionsAsync(
        StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default) => throw CannotBe("traced");

    private async Task<bool> TryReviseAsync(StreamWrite write, CancellationToken cancellationToken)
    {
        try
        {
            await ReviseAsync(write.Stream, write.Pages, trailAdded: false, cancellationToken);
            return true;
        }
        catch (NotSupportedException)
        {
            // A store that keeps no trail.
            return false;
        }
    }

    private NotSupportedException CannotBe(string done) => new(
        $"The bars in {Info.DisplayName} cannot be {done}: stores of that kind do not offer it. Do it with the store's own tools.");
}
