namespace Qmtl.Metrics.Collection;

/// <summary>One series at one moment.</summary>
/// <param name="Labels">What tells it from the metric's other series, in the order in which the instrument gives them.</param>
/// <param name="Value">Its value; of a histogram the sum of all measurements.</param>
/// <param name="Count">How many measurements a histogram has; null otherwise.</param>
public readonly record struct MetricPoint(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, long? Count = null);
