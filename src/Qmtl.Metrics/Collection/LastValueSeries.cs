namespace Qmtl.Metrics.Collection;

/// <summary>The last value.</summary>
internal sealed class LastValueSeries(LabelSet labels) : Series(labels)
{
    private double _value;

    public override MetricPoint Read() => new(Labels, Volatile.Read(ref _value));

    protected override void Add(double value) => Volatile.Write(ref _value, value);
}
