namespace Qmtl.Metrics.Collection;

/// <summary>One metric at one moment, with all of its series. Immutable.</summary>
/// <param name="Name">Prometheus's name, for example <c>backfill_retry_total</c>.</param>
/// <param name="Type">What kind of number it is.</param>
/// <param name="Unit">Prometheus's name of the unit, such as <c>seconds</c>; empty where the numbers are counts of things.</param>
/// <param name="Help">What it means, in one sentence.</param>
/// <param name="Points">Its series, in an order that stays the same.</param>
public sealed record MetricFamily(string Name, MetricType Type, string Unit, string Help, IReadOnlyList<MetricPoint> Points);

/// <summary>One series at one moment.</summary>
/// <param name="Labels">What tells it from the metric's other series, in the order in which the instrument gives them.</param>
/// <param name="Value">Its value; of a histogram the sum of all measurements.</param>
/// <param name="Count">How many measurements a histogram has; null otherwise.</param>
public readonly record struct MetricPoint(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, long? Count = null);

/// <summary>What kind of number a metric is.</summary>
public enum MetricType
{
    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Only goes up, and begins at 0 with the process.</summary>
    Counter,

    /// <summary>Counts measurements by their size.</summary>
    Histogram,
}
