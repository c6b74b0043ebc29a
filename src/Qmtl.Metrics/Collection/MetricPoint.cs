namespace Qmtl.Metrics.Collection;

/// <summary>One series at one moment.</summary>
/// <param name="Labels">What tells it from the metric's other series.</param>
/// <param name="Value">Its value; of a histogram the sum of all measurements.</param>
/// <param name="Histogram">The counts of a histogram; null otherwise.</param>
public readonly record struct MetricPoint(LabelSet Labels, double Value, HistogramCounts? Histogram = null);
