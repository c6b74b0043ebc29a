namespace Qmtl.Unit.Metrics;

/// <summary>A test that needs <c>promtool</c>, and is skipped with that reason where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = PrometheusTools.WhyNoPromtool;
}
