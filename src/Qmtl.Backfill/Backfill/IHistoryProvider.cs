using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>
/// Supplies the history of streams: reads it, tells what it has and, where it can, completes it. Implement it to bring a store of your own:
/// reading, coverage and <see cref="FillMissingAsync"/> are enough. A store of this library is a <see cref="StoreHistoryProvider"/>.
/// </summary>
/// <remarks>Every range is inclusive at both ends and holds bars by their opens, in Unix seconds, UTC.</remarks>
public interface IHistoryProvider
{
    /// <summary>What and where the provider is, for people: no password, no user.</summary>
    string DisplayName { get; }

    /// <summary>The source that it is filled from, where that is one of its own and not the provider itself.</summary>
    /// <value>Null by default.</value>
    IDataFetcher? Fetcher => null;

    /// <summary>
    /// The store that its bars are in, where that is one of this library's: only its bars can be removed, compared and revised.
    /// </summary>
    /// <value>Null by default.</value>
    IHistoryStore? Store => null;

    /// <summary>Why it cannot be completed, as a sentence without its end; null where it can.</summary>
    /// <value>Null by default.</value>
    string? Obstacle => null;

    /// <summary>How it is completed, where nobody says otherwise.</summary>
    /// <value>The defaults.</value>
    BackfillOptions Options => new();

    /// <summary>Reads the bars inside <paramref name="range"/> in ascending order, page by page.</summary>
    IAsyncEnumerable<BarFrame> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>The bars that the provider holds. A stream it does not know has none; that is no error.</summary>
    Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default);

    /// <summary>The bars of which it is known that they do not exist. All others that the coverage lacks are missing.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="source">
    /// The name of the source whose "none" counts; null for the provider's own fetcher or, where it has none, for any source's.
    /// </param>
    /// <param name="within">Only bars inside; null for all.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    /// <returns>None by default: such a provider says nothing of what does not exist.</returns>
    Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(TimeRangeSet.Empty(stream.Interval));

    /// <summary>The streams that it holds bars of.</summary>
    /// <exception cref="NotSupportedException">It cannot list them; by default none can.</exception>
    Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException($"The provider {DisplayName} cannot list its streams.");

    /// <summary>
    /// Streams at a glance. A store's provider lets the store count; by default the coverage of each stream is looked at.
    /// </summary>
    /// <param name="streams">The streams; null for all. One that it holds no bar of is left out.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    /// <exception cref="NotSupportedException">No streams are named, and it cannot list its own.</exception>
    async Task<IReadOnlyList<HistorySummary>> SummarizeAsync(
        IReadOnlyCollection<StreamKey>? streams = null, CancellationToken cancellationToken = default)
    {
        var summaries = new List<HistorySummary>();
        foreach (StreamKey stream in streams ?? await GetStreamsAsync(cancellationToken))
        {
            TimeRangeSet stored = await GetCoverageAsync(stream, null, cancellationToken);
            if (HistorySummary.Of(stream, stored, await GetKnownEmptyAsync(stream, null, null, cancellationToken)) is { } summary)
            {
                summaries.Add(summary);
            }
        }

        return summaries;
    }

    /// <summary>The table that a node's bars are in, by its name in the database.</summary>
    /// <returns>Null by default: it has no tables.</returns>
    string? GetTableName(string nodeId) => null;

    /// <summary>Inserts real rows for the bars missing inside <paramref name="range"/>, as far as a source has them.</summary>
    /// <exception cref="InvalidOperationException">The provider has no source to ask; nothing was read or written.</exception>
    Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Completes ranges and yields what became of each as soon as it is done. Only what is missing is asked for.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="ranges">The ranges, in any order. They are aligned to the grid, and bars that have not closed are left out.</param>
    /// <param name="engine">The engine that does it: it sets the pace, repeats what failed for a passing reason, measures and
    /// tells.</param>
    /// <param name="cancellationToken">Ends it. Then still every range has its result, and nothing is thrown.</param>
    /// <returns>
    /// By default each gap that the coverage shows is brought to <see cref="FillMissingAsync"/>, one after the other, and the coverage is
    /// asked again.
    /// </returns>
    IAsyncEnumerable<BackfillResult> CompleteAsync(
        StreamKey stream, IReadOnlyList<TimeRange> ranges, BackfillEngine engine, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return engine.FillAsync(this, stream, ranges, cancellationToken);
    }

    /// <summary>The same history, filled from another source.</summary>
    /// <exception cref="InvalidOperationException">The provider fills itself; by default none can do otherwise.</exception>
    IHistoryProvider From(IDataFetcher fetcher) => throw new InvalidOperationException(
        $"The provider {DisplayName} fills itself through its own FillMissing method, so no fetcher can be used with it.");
}
