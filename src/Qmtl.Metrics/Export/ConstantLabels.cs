using System.Text;
using Qmtl.Metrics.Collection;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Export;

/// <summary>Labels that an operator adds to every series of a file.</summary>
public sealed class ConstantLabels
{
    // A series with two labels of one name is refused by every reader.
    private static readonly string[] Taken =
    [
        MetricLabels.NodeId, MetricLabels.Interval, MetricLabels.Reason, MetricLabels.Source, MetricLabels.Status, MetricLabels.Host,
        MetricLabels.RecorderName, "version", "le",
    ];

    private readonly byte[] _text;

    private ConstantLabels(IEnumerable<KeyValuePair<string, string>> labels) =>
        _text = Encoding.UTF8.GetBytes(string.Join(',', labels.Select(label => $"{label.Key}=\"{Escape(label.Value)}\"")));

    /// <summary>No label at all.</summary>
    public static ConstantLabels None { get; } = new([]);

    /// <summary>Checks the labels and makes a set of them.</summary>
    /// <exception cref="ArgumentException">A name is not fit for a label, is one of the metrics' own, or is given twice.</exception>
    public static ConstantLabels Create(IEnumerable<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var names = new HashSet<string>(StringComparer.Ordinal);
        KeyValuePair<string, string>[] all = [.. labels];
        foreach ((string name, _) in all)
        {
            if (string.IsNullOrEmpty(name) || PrometheusName.OfLabel(name) != name || name.StartsWith("__", StringComparison.Ordinal))
            {
                throw new ArgumentException(
                    $"'{name}' is not fit for a label's name. Use letters, digits and underscores, no digit first and no two underscores "
                        + $"first, for example task.");
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

        return new ConstantLabels(all);
    }

    /// <summary>
    /// Adds them to metrics in the Prometheus text format. A registry takes labels for all only before its first metric, and one process
    /// writes files with different ones.
    /// </summary>
    internal void AddTo(ReadOnlySpan<byte> text, Stream destination)
    {
        while (!text.IsEmpty)
        {
            ReadOnlySpan<byte> line = text[..(text.IndexOf((byte)'\n') + 1)];
            text = text[line.Length..];
            int name = _text.Length == 0 || line[0] == (byte)'#' ? line.Length : line.IndexOfAny((byte)'{', (byte)' ');
            destination.Write(line[..name]);
            if (name < line.Length)
            {
                bool hasOthers = line[name] == (byte)'{';
                destination.WriteByte((byte)'{');
                destination.Write(_text);
                destination.WriteByte(hasOthers ? (byte)',' : (byte)'}');
                destination.Write(line[(hasOthers ? name + 1 : name)..]);
            }
        }
    }

    /// <summary>The labels as Prometheus writes them, for example <c>task="nightly"</c>.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_text);

    private static string Escape(string value) => value.Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("\n", @"\n", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal);
}
