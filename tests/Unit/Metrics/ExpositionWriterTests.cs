using System.Text;
using Qmtl.Metrics.Collection;
using Qmtl.Metrics.Exposition;

namespace Qmtl.Unit.Metrics;

public sealed class ExpositionWriterTests
{
    private static readonly LabelSet Stream = new([KeyValuePair.Create("node_id", "A\"B"), KeyValuePair.Create("interval", "60")]);

    private static readonly MetricFamily[] Families =
    [
        new("backfill_retry_total", MetricType.Counter, "", "Tried \"again\" \\ twice.\nReally.", [new MetricPoint(Stream, 3)]),
        new("empty", MetricType.Gauge, "", "Nothing.", []),
        new("jobs", MetricType.Gauge, "", "Jobs.", [new MetricPoint(LabelSet.Empty, 0)]),
        new("took_seconds", MetricType.Histogram, "seconds", "Time.", [new MetricPoint(Stream, 2.75, new HistogramCounts([0.5, 1], [1, 2, 3]))]),
    ];

    [Fact]
    public async Task Prometheus_text_0_0_4()
    {
        Assert.Equal(
            """
            # HELP backfill_retry_total Tried "again" \\ twice.\nReally.
            # TYPE backfill_retry_total counter
            backfill_retry_total{node_id="A\"B",interval="60"} 3
            # HELP jobs Jobs.
            # TYPE jobs gauge
            jobs 0
            # HELP took_seconds Time.
            # TYPE took_seconds histogram
            took_seconds_bucket{node_id="A\"B",interval="60",le="0.5"} 1
            took_seconds_bucket{node_id="A\"B",interval="60",le="1"} 2
            took_seconds_bucket{node_id="A\"B",interval="60",le="+Inf"} 3
            took_seconds_sum{node_id="A\"B",interval="60"} 2.75
            took_seconds_count{node_id="A\"B",interval="60"} 3

            """,
            await WriteAsync(TextFormat.Prometheus));
    }

    [Fact]
    public async Task OpenMetrics_1_0()
    {
        Assert.Equal(
            """
            # HELP backfill_retry Tried \"again\" \\ twice.\nReally.
            # TYPE backfill_retry counter
            backfill_retry_total{node_id="A\"B",interval="60"} 3
            # HELP jobs Jobs.
            # TYPE jobs gauge
            jobs 0
            # HELP took_seconds Time.
            # TYPE took_seconds histogram
            # UNIT took_seconds seconds
            took_seconds_bucket{node_id="A\"B",interval="60",le="0.5"} 1
            took_seconds_bucket{node_id="A\"B",interval="60",le="1.0"} 2
            took_seconds_bucket{node_id="A\"B",interval="60",le="+Inf"} 3
            took_seconds_sum{node_id="A\"B",interval="60"} 2.75
            took_seconds_count{node_id="A\"B",interval="60"} 3
            # EOF

            """,
            await WriteAsync(TextFormat.OpenMetrics));
    }

    [Fact]
    public async Task Constant_labels_come_first()
    {
        var constant = new LabelSet([KeyValuePair.Create("task", "nightly")]);
        string text = await WriteAsync(TextFormat.Prometheus, constant);

        Assert.Contains("\njobs{task=\"nightly\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("\nbackfill_retry_total{task=\"nightly\",node_id=", text, StringComparison.Ordinal);
        Assert.Contains("\ntook_seconds_bucket{task=\"nightly\",node_id=\"A\\\"B\",interval=\"60\",le=\"0.5\"} 1\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1, "-1")]
    [InlineData(1_700_000_000, "1700000000")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e300, "1E+300")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    public async Task Numbers_are_written_whole(double value, string expected)
    {
        string text = await WriteAsync(TextFormat.Prometheus, families: new MetricFamily("x", MetricType.Gauge, "", "X.", [new MetricPoint(LabelSet.Empty, value)]));

        Assert.EndsWith($"\nx {expected}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_labels_and_many_series_are_written_whole()
    {
        MetricPoint[] points = [.. Enumerable.Range(0, 3000).Select(i => new MetricPoint(new LabelSet([KeyValuePair.Create("node_id", $"{i}{new string('é', 1000)}")]), i))];
        string text = await WriteAsync(TextFormat.Prometheus, families: new MetricFamily("x", MetricType.Gauge, "", "X.", points));

        Assert.Equal(points.Select(point => $"x{{{point.Labels}}} {point.Value}"), text.TrimEnd('\n').Split('\n').Skip(2));
    }

    private static async Task<string> WriteAsync(TextFormat format, LabelSet? constant = null, params MetricFamily[] families)
    {
        using var stream = new MemoryStream();
        await ExpositionWriter.WriteAsync(stream, families.Length == 0 ? Families : families, format, constant);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
