using System.Diagnostics.Metrics;
using System.Text;
using Prometheus;
using Qmtl.Metrics.Export;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Metrics;

/// <summary>What the registry writes of the meter, in both text formats.</summary>
public sealed class ExpositionTests : IDisposable
{
    private static readonly KeyValuePair<string, object?>[] Stream = [new("node.id", "A\"B\\é\n"), new("interval", "60")];

    private readonly MeasuredMeter _meter = new(limit: 5000);

    public ExpositionTests()
    {
        Meter meter = _meter.Instruments.Meter;
        meter.CreateObservableCounter("test.retry", () => new Measurement<long>(3, Stream), "{retry}", "Tried again.");
        meter.CreateObservableGauge("test.empty", () => Array.Empty<Measurement<long>>(), null, "Nothing.");
        meter.CreateObservableGauge("test.jobs", () => 0L, "{job}", "Jobs.");
        Histogram<double> took = meter.CreateHistogram("test.took", "s", "Time.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (double seconds in (double[])[0.25, 1, 1.5])
        {
            took.Record(seconds, Stream);
        }
    }

    public void Dispose() => _meter.Dispose();

    [Fact]
    public async Task Prometheus_text_0_0_4() => Assert.Equal(
        """
        # HELP test_retry_total Tried again.
        # TYPE test_retry_total counter
        test_retry_total{node_id="A\"B\\é\n",interval="60"} 3
        # HELP test_jobs Jobs.
        # TYPE test_jobs gauge
        test_jobs 0
        # HELP test_took_seconds Time.
        # TYPE test_took_seconds histogram
        test_took_seconds_sum{node_id="A\"B\\é\n",interval="60"} 2.75
        test_took_seconds_count{node_id="A\"B\\é\n",interval="60"} 3
        test_took_seconds_bucket{node_id="A\"B\\é\n",interval="60",le="0.5"} 1
        test_took_seconds_bucket{node_id="A\"B\\é\n",interval="60",le="1"} 2
        test_took_seconds_bucket{node_id="A\"B\\é\n",interval="60",le="+Inf"} 3
        """.Split('\n').Order(),
        (await WriteAsync(ExpositionFormat.PrometheusText)).Order());

    [Fact]
    public async Task OpenMetrics_1_0()
    {
        string[] lines = await WriteAsync(ExpositionFormat.OpenMetricsText, all: true);

        Assert.Equal("# EOF", lines[^1]);
        Assert.Contains("# TYPE test_retry counter", lines);
        Assert.Contains("test_retry_total{node_id=\"A\\\"B\\\\é\\n\",interval=\"60\"} 3.0", lines);
        Assert.Contains("test_took_seconds_bucket{node_id=\"A\\\"B\\\\é\\n\",interval=\"60\",le=\"1.0\"} 2", lines);
    }

    [Fact]
    public async Task Nothing_is_written_but_what_is_measured()
    {
        HashSet<string> names = [.. _meter.Collector.Collect().Select(family => family.Name)];

        Assert.DoesNotContain(
            (await WriteAsync(ExpositionFormat.PrometheusText, all: true)).Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)),
            line => !names.Contains(line.Split(' ')[2]));
    }

    [Fact]
    public async Task Collectors_of_one_process_know_nothing_of_each_other()
    {
        using var other = new MeasuredMeter();
        using var text = new MemoryStream();
        await other.Collector.WriteAsync(text, ExpositionFormat.PrometheusText);

        Assert.DoesNotContain("test_", Encoding.UTF8.GetString(text.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_for_all_come_first()
    {
        using var labelled = new MemoryStream();
        ConstantLabels.Create([KeyValuePair.Create("task", "a\"b"), KeyValuePair.Create("desk", "1")])
            .AddTo("# HELP x {y} z\nx 1\nx{a=\"} {\"} 2\n"u8, labelled);

        Assert.Equal("# HELP x {y} z\nx{task=\"a\\\"b\",desk=\"1\"} 1\nx{task=\"a\\\"b\",desk=\"1\",a=\"} {\"} 2\n", Encoding.UTF8.GetString(labelled.ToArray()));
    }

    [Theory]
    [InlineData(-1, "-1")]
    [InlineData(1_700_000_000, "1700000000")]
    [InlineData(0.1, "0.1")]
    [InlineData(double.NaN, "NaN")]
    public async Task Numbers_are_written_whole(double value, string expected)
    {
        _meter.Instruments.Meter.CreateObservableGauge("test.number", () => value);

        Assert.Contains($"test_number {expected}", await WriteAsync(ExpositionFormat.PrometheusText));
    }

    [Fact]
    public async Task Long_labels_and_many_series_are_written_whole()
    {
        string[] names = [.. Enumerable.Range(0, 3000).Select(i => $"{i}{new string('é', 1000)}")];
        _meter.Instruments.Meter.CreateObservableGauge("test.many", () => names.Select(name => new Measurement<long>(1, new KeyValuePair<string, object?>("name", name))));

        string[] lines = await WriteAsync(ExpositionFormat.PrometheusText);
        Assert.Equal(names.Select(name => $"test_many{{name=\"{name}\"}} 1").Order(), lines.Where(line => line.StartsWith("test_many{", StringComparison.Ordinal)).Order());
    }

    private async Task<string[]> WriteAsync(ExpositionFormat format, bool all = false)
    {
        using var stream = new MemoryStream();
        await _meter.Collector.WriteAsync(stream, format);
        string[] lines = Encoding.UTF8.GetString(stream.ToArray()).TrimEnd('\n').Split('\n');
        return all ? lines : [.. lines.Where(line => line.Contains("test_", StringComparison.Ordinal))];
    }
}
