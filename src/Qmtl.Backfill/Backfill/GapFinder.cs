using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>Finds what is missing.</summary>
public static class GapFinder
{
    /// <summary>
    /// The bars of <paramref name="range"/> that the provider does not hold. Those that a source is known not to have are left out
    /// unless <paramref name="includeEmpty"/>.
    /// </summary>
    /// <param name="provider">Whose history is looked at.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="range">The bars that should be there, by their opens, both ends included; bars that have not closed are the caller's to
    /// leave out.</param>
    /// <param name="source">The name of the source whose "none" counts; null for the provider's own fetcher or, where it has none, for any
    /// source's.</param>
    /// <param name="includeEmpty">Whether bars known to be empty count as missing too.</param>
    /// <param name="cancellationToken">Ends the queries.</param>
    public static async Task<TimeRangeSet> FindAsync(
        IHistoryProvider provider,
        StreamKey stream,
        TimeRange range,
        string? source = null,
        bool includeEmpty = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        TimeRangeSet covered = await provider.GetCoverageAsync(stream, range, cancellationToken);
        TimeRangeSet missing = new TimeRangeSet(stream.Interval, range).Subtract(covered);
        return includeEmpty || missing.IsEmpty
            ? missing
            : missing.Subtract(await provider.GetKnownEmptyAsync(stream, source, range, cancellationToken));
    }
}
