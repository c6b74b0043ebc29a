using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Ranges of one stream to complete in one store from one source. Ranges of one request share the source's pages.</summary>
/// <param name="Store">Where the bars go.</param>
/// <param name="Fetcher">Where they come from.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Ranges">The ranges, inclusive at both ends, in any order; each gets a result of its own. They are aligned to the grid, and
/// bars that have not closed yet are left out.</param>
public sealed record BackfillRequest(IHistoryStore Store, IDataFetcher Fetcher, StreamKey Stream, IReadOnlyList<TimeRange> Ranges)
{
    /// <summary>Told of what happens to this request, beside whoever is told of all; null, the default, for nobody.</summary>
    internal Action<BackfillEvent>? OnEvent { get; init; }

    /// <summary>Whether whoever asks holds the store's claim on the stream already; false by default.</summary>
    internal bool IsClaimed { get; init; }
}
