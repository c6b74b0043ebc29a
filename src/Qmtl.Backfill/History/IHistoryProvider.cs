using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History;

/// <summary>
/// Supplies the history of streams: reads it, tells what it has and, where it can, fills what it lacks. Implement it to
/// bring a store of your own; a store of this library with a fetcher is a <c>StoreHistoryProvider</c>.
/// </summary>
/// <remarks>Every range is inclusive at both ends and holds bars by their opens, in Unix seconds, UTC.</remarks>
public interface IHistoryProvider
{
    /// <summary>What and where the provider is, for people: no password, no user.</summary>
    string DisplayName { get; }

    /// <summary>Reads the bars inside <paramref name="range"/> in ascending order, page by page.</summary>
    IAsyncEnumerable<BarFrame> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>The bars that the provider holds. A stream it does not know has none; that is no error.</summary>
    Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default);

    /// <summary>Inserts real rows for the bars missing inside <paramref name="range"/>, as far as a source has them.</summary>
    /// <exception cref="InvalidOperationException">The provider has no source to ask; nothing was read or written.</exception>
    Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes sure that the bars inside <paramref name="range"/> are there as far as any source has them: asks for coverage first,
    /// and fills only where something is missing.
    /// </summary>
    /// <exception cref="InvalidOperationException">Bars are missing and the provider has no source to ask; nothing was written.</exception>
    async Task EnsureRangeAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        TimeRangeSet covered = await GetCoverageAsync(stream, range, cancellationToken);
        if (!new TimeRangeSet(stream.Interval, range).Subtract(covered).IsEmpty)
        {
            await FillMissingAsync(stream, range, cancellationToken);
        }
    }
}
