namespace Qmtl.Metrics.Collection;

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
