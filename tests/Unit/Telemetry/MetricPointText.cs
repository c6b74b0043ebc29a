using Qmtl.Metrics.Collection;

namespace Qmtl.Unit.Telemetry;

internal static class MetricPointText
{
    /// <summary>The labels of a series, for example <c>node_id="BTCUSDT",interval="60"</c>.</summary>
    public static string LabelText(this MetricPoint point) => string.Join(',', point.Labels.Select(label => $"{label.Key}=\"{label.Value}\""));
}
