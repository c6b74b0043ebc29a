using System.Text;
using Prometheus;
using Qmtl.Metrics.Collection;
using Qmtl.Metrics.Serving;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Metrics;

/// <summary>What Prometheus's own programs say.</summary>
public sealed class PrometheusTests : IDisposable
{
    private readonly MeasuredMeter _meter = new();

    public PrometheusTests() => _meter.MeasureEverything();

    public void Dispose() => _meter.Dispose();

    [PromtoolFact]
    public async Task Promtool_has_nothing_to_say_of_every_metric()
    {
        IReadOnlyList<MetricFamily> families = _meter.Collector.Collect();
        Assert.DoesNotContain(families, family => family.Points.Count == 0);
        using var text = new MemoryStream();
        await _meter.Collector.WriteAsync(text, ExpositionFormat.PrometheusText);

        Assert.Equal((0, ""), await PrometheusTools.RunPromtoolAsync(Encoding.UTF8.GetString(text.ToArray()), "check", "metrics"));
    }

    [PromtoolFact]
    public async Task Promtool_would_tell()
    {
        (int exitCode, string output) = await PrometheusTools.RunPromtoolAsync("# TYPE things counter\nthings 1\n", "check", "metrics");

        Assert.NotEqual(0, exitCode);
        Assert.Contains("_total", output, StringComparison.Ordinal);
    }

    [PrometheusFact]
    public async Task A_real_server_scrapes_and_answers()
    {
        await using MetricsServer metrics = MetricsServer.Start(_meter.Collector, new MetricsServerOptions { Port = 0 });
        await using var prometheus = new PrometheusServer(metrics.Uri);

        (Dictionary<string, string> labels, string value) = Assert.Single(await prometheus.QueryAsync("backfill_last_timestamp"));
        Assert.Equal("600", value);
        Assert.Equal(("BTC\"USDT\\1", "60"), (labels["node_id"], labels["interval"]));

        // Where the machine is busy a scrape may take too long; the next one does not.
        Assert.Equal("1", Assert.Single(await prometheus.QueryAsync("up == 1")).Value);
        Assert.Equal("0.25", Assert.Single(await prometheus.QueryAsync("histogram_quantile(1, backfill_request_duration_seconds_bucket)")).Value);
        foreach (MetricFamily family in _meter.Collector.Collect())
        {
            Assert.NotEmpty(await prometheus.QueryAsync(family.Type == MetricType.Histogram ? family.Name + "_count" : family.Name));
        }
    }
}
