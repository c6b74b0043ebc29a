using System.Diagnostics.Metrics;
using Qmtl.Metrics.Collection;

namespace Qmtl.Unit.Metrics;

public sealed class PrometheusNameTests
{
    [Theory]
    [InlineData("backfill.retry", "{retry}", MetricType.Counter, "backfill_retry_total")]
    [InlineData("backfill.jobs_in_progress", "{job}", MetricType.Gauge, "backfill_jobs_in_progress")]
    [InlineData("backfill.last_timestamp", null, MetricType.Gauge, "backfill_last_timestamp")]
    [InlineData("backfill.rate_limit.wait", "s", MetricType.Counter, "backfill_rate_limit_wait_seconds_total")]
    [InlineData("request.duration", "s", MetricType.Histogram, "request_duration_seconds")]
    [InlineData("cache.size", "By", MetricType.Gauge, "cache_size_bytes")]
    [InlineData("share", "1", MetricType.Gauge, "share")]
    [InlineData("wait_seconds", "s", MetricType.Gauge, "wait_seconds")]
    [InlineData("already_total", null, MetricType.Counter, "already_total")]
    [InlineData("1st-thing", null, MetricType.Gauge, "_1st_thing")]
    public void Names_follow_the_rules_of_the_field(string instrument, string? unit, MetricType type, string expected) =>
        Assert.Equal(expected, PrometheusName.OfMetric(instrument, PrometheusName.OfUnit(unit), type));

    [Fact]
    public void Every_kind_of_instrument_has_a_type()
    {
        using var meter = new Meter("kinds");
        Assert.Equal(MetricType.Counter, PrometheusName.TypeOf(meter.CreateCounter<long>("a")));
        Assert.Equal(MetricType.Counter, PrometheusName.TypeOf(meter.CreateObservableCounter("b", () => 1L)));
        Assert.Equal(MetricType.Gauge, PrometheusName.TypeOf(meter.CreateUpDownCounter<long>("c")));
        Assert.Equal(MetricType.Gauge, PrometheusName.TypeOf(meter.CreateObservableUpDownCounter("d", () => 1L)));
        Assert.Equal(MetricType.Gauge, PrometheusName.TypeOf(meter.CreateGauge<double>("e")));
        Assert.Equal(MetricType.Gauge, PrometheusName.TypeOf(meter.CreateObservableGauge("f", () => 1L)));
        Assert.Equal(MetricType.Histogram, PrometheusName.TypeOf(meter.CreateHistogram<double>("g")));
    }
}
