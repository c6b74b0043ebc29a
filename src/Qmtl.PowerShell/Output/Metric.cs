using System.Collections.Specialized;
using Qmtl.Metrics.Collection;

namespace Qmtl.PowerShell.Output;

/// <summary>One number of a metric at the moment it was asked for.</summary>
public sealed class Metric
{
    private Metric(MetricFamily family, MetricPoint point, string suffix, double value, string unit)
    {
        Name = family.Name + suffix;
        Type = family.Type.ToString();
        Value = value;
        Unit = unit;
        Help = family.Help;
        foreach ((string name, string text) in point.Labels)
        {
            Labels.Add(name, text);
        }
    }

    /// <summary>Prometheus's name.</summary>
    public string Name { get; }

    /// <summary>What kind of number it is.</summary>
    public string Type { get; }

    /// <summary>The labels by name, in order.</summary>
    public OrderedDictionary Labels { get; } = new LabelTable();

    /// <summary>The number.</summary>
    public double Value { get; }

    /// <summary>The unit, such as seconds; empty where things are counted.</summary>
    public string Unit { get; }

    /// <summary>What it means.</summary>
    public string Help { get; }

    /// <summary>The metric as Prometheus writes it.</summary>
    public override string ToString()
    {
        IEnumerable<string> labels = Labels.Cast<System.Collections.DictionaryEntry>().Select(label => $"{label.Key}=\"{label.Value}\"");
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{Name}{(Labels.Count > 0 ? $"{{{string.Join(',', labels)}}}" : string.Empty)} {Value}");
    }

    /// <summary>The numbers of a series: one, or of a histogram its count and its sum.</summary>
    internal static IEnumerable<Metric> From(MetricFamily family, MetricPoint point) => point.Count is not { } count
        ? [new Metric(family, point, string.Empty, point.Value, family.Unit)]
        : [new Metric(family, point, "_count", count, string.Empty), new Metric(family, point, "_sum", point.Value, family.Unit)];

    // Its text is what a file has of it.
    private sealed class LabelTable() : OrderedDictionary(StringComparer.OrdinalIgnoreCase)
    {
        public override string ToString() =>
            string.Join(", ", this.Cast<System.Collections.DictionaryEntry>().Select(label => $"{label.Key}={label.Value}"));
    }
}
