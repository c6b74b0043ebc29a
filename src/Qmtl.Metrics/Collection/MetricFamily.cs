namespace Qmtl.Metrics.Collection;

/// <summary>One metric at one moment, with all of its series. Immutable.</summary>
/// <param name="Name">Prometheus's name, for example <c>backfill_retry_total</c>.</param>
/// <param name="Type">What kind of number it is.</param>
/// <param name="Unit">Prometheus's name of the unit, such as <c>seconds</c>; empty where the numbers are counts of things.</param>
/// <param name="Help">What it means, in one sentence.</param>
/// <param name="Points">Its series, in an order that stays the same.</param>
public sealed record MetricFamily(string Name, MetricType Type, string Unit, string Help, IReadOnlyList<MetricPoint> Points);
