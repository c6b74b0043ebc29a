namespace Qmtl.Metrics.Collection;

/// <summary>The values by size.</summary>
internal sealed class HistogramSeries(LabelSet labels, double[] upperBounds) : Series(labels)
{
    private readonly long[] _counts = new long[upperBounds.Length + 1];
    private double _sum;

    public override MetricPoint Read()
    {
        // The sum first: a measurement between the two is then at worst counted and not yet summed.
        double sum = Volatile.Read(ref _sum);
        long[] cumulative = new long[_counts.Length];
        long count = 0;
        for (int i = 0; i < cumulative.Length; i++)
        {
            count += Interlocked.Read(ref _counts[i]);
            cumulative[i] = count;
        }

        return new MetricPoint(Labels, sum, new HistogramCounts(upperBounds, cumulative));
    }

    protected override void Add(double value)
    {
        int bucket = Array.BinarySearch(upperBounds, value);
        Interlocked.Increment(ref _counts[bucket < 0 ? ~bucket : bucket]);
        AtomicSum.Add(ref _sum, value);
    }
}
