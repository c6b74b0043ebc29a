namespace Qmtl.Metrics.Collection;

/// <summary>The sum of all values.</summary>
internal sealed class SumSeries(LabelSet labels) : Series(labels)
{
    private double _sum;

    public override MetricPoint Read() => new(Labels, Volatile.Read(ref _sum));

    protected override void Add(double value) => AtomicSum.Add(ref _sum, value);
}
