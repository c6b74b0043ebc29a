namespace Qmtl.Metrics.Collection;

/// <summary>One series that is being measured. Any thread may measure; nobody ever waits.</summary>
internal abstract class Series(LabelSet labels)
{
    private long _changed;

    public LabelSet Labels { get; } = labels;

    /// <summary>When it was last measured, as the clock's timestamp.</summary>
    public long Changed => Interlocked.Read(ref _changed);

    /// <summary>Takes a measurement.</summary>
    /// <param name="value">What was measured.</param>
    /// <param name="now">What <see cref="Changed"/> becomes.</param>
    public void Measure(double value, long now)
    {
        Add(value);
        Touch(now);
    }

    /// <summary>Counts as measured without a measurement.</summary>
    public void Touch(long now) => Interlocked.Exchange(ref _changed, now);

    /// <summary>What it holds now.</summary>
    public abstract MetricPoint Read();

    protected abstract void Add(double value);
}
