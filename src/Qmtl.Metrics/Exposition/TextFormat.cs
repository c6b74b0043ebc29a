namespace Qmtl.Metrics.Exposition;

/// <summary>Which of Prometheus's text formats is written.</summary>
public enum TextFormat
{
    /// <summary>Prometheus's own, version 0.0.4. Everything reads it.</summary>
    Prometheus,

    /// <summary>OpenMetrics, version 1.0.0: stricter, with units and a mark at the end that shows a broken answer.</summary>
    OpenMetrics,
}
