using Qmtl.Metrics.Collection;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Export;

/// <summary>Labels that an operator adds to every series of a file.</summary>
public static class ConstantLabels
{
    // A series with two labels of one name is refused by every reader.
    private static readonly string[] Taken =
        [MetricLabels.NodeId, MetricLabels.Interval, MetricLabels.Reason, MetricLabels.Source, MetricLabels.Status, MetricLabels.Host, MetricLabels.Recorder, "version", "le"];

    /// <summary>Checks the labels and makes a set of them.</summary>
    /// <exception cref="ArgumentException">A name is not fit for a label, is one of the metrics' own, or is given twice.</exception>
    public static LabelSet Create(IEnumerable<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var names = new HashSet<string>(StringComparer.Ordinal);
        KeyValuePair<string, string>[] all = [.. labels];
        foreach ((string name, _) in all)
        {
            if (string.IsNullOrEmpty(name) || PrometheusName.OfLabel(name) != name || name.StartsWith("__", StringComparison.Ordinal))
            {
                throw new ArgumentException($"'{name}' is not fit for a label's name. Use letters, digits and underscores, no digit first and no two underscores first, for example task.");
            }

            if (Taken.Contains(name))
            {
                throw new ArgumentException($"The label '{name}' is one of the metrics' own. Choose another name, for example task.");
            }

            if (!names.Add(name))
            {
                throw new ArgumentException($"The label '{name}' is given twice. Give it once.");
            }
        }

        return new LabelSet(all);
    }
}
