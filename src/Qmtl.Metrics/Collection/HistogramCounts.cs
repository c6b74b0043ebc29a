namespace Qmtl.Metrics.Collection;

/// <summary>How many measurements of a histogram were how large.</summary>
/// <param name="UpperBounds">The inclusive upper bounds of the buckets, ascending, without infinity.</param>
/// <param name="Cumulative">For each bound how many measurements were at most that large, and at the end how many there were.</param>
public sealed record HistogramCounts(IReadOnlyList<double> UpperBounds, IReadOnlyList<long> Cumulative)
{
    /// <summary>How many measurements there were.</summary>
    public long Count => Cumulative[^1];
}
