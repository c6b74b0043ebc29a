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
    /// Writes pages in one transaction: the bars (one that is there is replaced) and, with them, what was learnt about empty bars.
    /// For each page, what the page's source was thought not to have among <see cref="BarPage.Asked"/> is forgotten and replaced by
    /// <see cref="BarPage.Empty"/>.
    /// </summary>
    /// <exception cref="StoreException">The store refused or cannot be reached; nothing of the pages was written.</exception>
    Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default);
}
