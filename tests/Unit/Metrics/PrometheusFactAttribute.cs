namespace Qmtl.Unit.Metrics;

/// <summary>A test that needs a Prometheus server, and is skipped with that reason where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute() => Skip = PrometheusTools.WhyNoServer;
}
