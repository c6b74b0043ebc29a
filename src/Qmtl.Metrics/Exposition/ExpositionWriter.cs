using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using Qmtl.Metrics.Collection;

namespace Qmtl.Metrics.Exposition;

/// <summary>Writes metrics as text, a piece at a time, so that neither their number nor a slow reader costs memory.</summary>
public sealed class ExpositionWriter
{
    private const int FlushSize = 16 * 1024;

    private readonly PipeWriter _pipe;
    private readonly TextFormat _format;
    private readonly LabelSet _constant;

    private ExpositionWriter(PipeWriter pipe, TextFormat format, LabelSet? constant) => (_pipe, _format, _constant) = (pipe, format, constant ?? LabelSet.Empty);

    /// <summary>The media type of a format, as a response names it.</summary>
    public static string ContentTypeOf(TextFormat format) => format == TextFormat.OpenMetrics
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Writes all metrics that have a series. No timestamps are written: the reader's time is the time.</summary>
    /// <param name="destination">Where to; it is left open.</param>
    /// <param name="families">What a <see cref="MetricsCollector"/> read.</param>
    /// <param name="format">Which format.</param>
    /// <param name="constantLabels">Labels that every series gets besides its own; none where null.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static async Task WriteAsync(
        Stream destination, IReadOnlyList<MetricFamily> families, TextFormat format, LabelSet? constantLabels = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(families);
        PipeWriter pipe = PipeWriter.Create(destination, new StreamPipeWriterOptions(leaveOpen: true));
        var writer = new ExpositionWriter(pipe, format, constantLabels);
        try
        {
            foreach (MetricFamily family in families)
            {
                await writer.WriteAsync(family, cancellationToken);
            }

            if (format == TextFormat.OpenMetrics)
            {
                writer.Write("# EOF\n"u8);
            }

            await pipe.FlushAsync(cancellationToken);
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private async ValueTask WriteAsync(MetricFamily family, CancellationToken cancellationToken)
    {
        if (family.Points.Count == 0)
        {
            return;
        }

        WriteHead(family);
        byte[] name = Encoding.UTF8.GetBytes(family.Name);
        foreach (MetricPoint point in family.Points)
        {
            if (point.Histogram is null)
            {
                WriteSample(name, default, point.Labels, default, point.Value);
            }
            else
            {
                WriteHistogram(name, point.Labels, point.Value, point.Histogram);
            }

            if (_pipe.UnflushedBytes > FlushSize)
            {
                await _pipe.FlushAsync(cancellationToken);
            }
        }
    }

    private void WriteHead(MetricFamily family)
    {
        bool isOpenMetrics = _format == TextFormat.OpenMetrics;
        string name = isOpenMetrics ? PrometheusName.OfFamily(family).ToString() : family.Name;
        string type = family.Type switch
        {
            MetricType.Counter => "counter",
            MetricType.Histogram => "histogram",
            _ => "gauge",
        };
        string help = family.Help.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        help = isOpenMetrics ? help.Replace("\"", "\\\"", StringComparison.Ordinal) : help;
        Write($"# HELP {name} {help}\n# TYPE {name} {type}\n");
        if (isOpenMetrics && family.Unit.Length > 0)
        {
            Write($"# UNIT {name} {family.Unit}\n");
        }
    }

    private void WriteHistogram(byte[] name, LabelSet labels, double sum, HistogramCounts counts)
    {
        Span<byte> bound = stackalloc byte[32];
        for (int i = 0; i < counts.UpperBounds.Count; i++)
        {
            int length = Format(counts.UpperBounds[i], bound, isBound: true);
            WriteSample(name, "_bucket"u8, labels, bound[..length], counts.Cumulative[i]);
        }

        WriteSample(name, "_bucket"u8, labels, "+Inf"u8, counts.Count);
        WriteSample(name, "_sum"u8, labels, default, sum);
        WriteSample(name, "_count"u8, labels, default, counts.Count);
    }

    private void WriteSample(ReadOnlySpan<byte> name, ReadOnlySpan<byte> suffix, LabelSet labels, ReadOnlySpan<byte> bound, double value)
    {
        // Its own labels, those of all, the bucket's bound, and what stands between and around them.
        const int Rest = 64;
        Span<byte> line = _pipe.GetSpan(name.Length + suffix.Length + labels.Encoded.Length + _constant.Encoded.Length + bound.Length + Rest);
        int length = 0;
        Append(line, name, ref length);
        Append(line, suffix, ref length);
        int open = length;
        AppendLabels(line, _constant.Encoded.Span, open, ref length);
        AppendLabels(line, labels.Encoded.Span, open, ref length);
        if (!bound.IsEmpty)
        {
            AppendLabels(line, "le=\""u8, open, ref length);
            Append(line, bound, ref length);
            Append(line, "\""u8, ref length);
        }

        Append(line, length > open ? "} "u8 : " "u8, ref length);
        length += Format(value, line[length..], isBound: false);
        Append(line, "\n"u8, ref length);
        _pipe.Advance(length);
    }

    private static void AppendLabels(Span<byte> line, ReadOnlySpan<byte> labels, int open, ref int length)
    {
        if (!labels.IsEmpty)
        {
            Append(line, length == open ? "{"u8 : ","u8, ref length);
            Append(line, labels, ref length);
        }
    }

    private static void Append(Span<byte> line, ReadOnlySpan<byte> text, ref int length)
    {
        text.CopyTo(line[length..]);
        length += text.Length;
    }

    private int Format(double value, Span<byte> text, bool isBound)
    {
        if (!double.IsFinite(value))
        {
            ReadOnlySpan<byte> name = double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8;
            name.CopyTo(text);
            return name.Length;
        }

        int length;
        if (value == Math.Truncate(value) && Math.Abs(value) < 1e15)
        {
            Utf8Formatter.TryFormat((long)value, text, out length);

            // The bound is a label, compared as text: OpenMetrics wants 1.0 where the other format has always had 1.
            if (isBound && _format == TextFormat.OpenMetrics)
            {
                ".0"u8.CopyTo(text[length..]);
                length += 2;
            }

            return length;
        }

        value.TryFormat(text, out length, default, System.Globalization.CultureInfo.InvariantCulture);
        return length;
    }

    private void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    private void Write(ReadOnlySpan<byte> bytes) => _pipe.Write(bytes);
}
