using Prometheus;
using Qmtl.Metrics.Serving;

namespace Qmtl.Unit.Metrics;

public sealed class ContentNegotiationTests
{
    [Theory]
    [InlineData(null, ExpositionFormat.PrometheusText)]
    [InlineData("", ExpositionFormat.PrometheusText)]
    [InlineData("*/*", ExpositionFormat.PrometheusText)]
    [InlineData("text/plain", ExpositionFormat.PrometheusText)]
    [InlineData("text/html, application/json", ExpositionFormat.PrometheusText)]
    [InlineData("application/openmetrics-text", ExpositionFormat.OpenMetricsText)]
    [InlineData("application/openmetrics-text; version=1.0.0; charset=utf-8", ExpositionFormat.OpenMetricsText)]
    [InlineData("Application/OpenMetrics-Text;version=\"1.0.0\"", ExpositionFormat.OpenMetricsText)]
    [InlineData("application/openmetrics-text;version=0.0.1", ExpositionFormat.PrometheusText)]
    [InlineData("application/openmetrics-text;q=0.3, text/plain;version=0.0.4;q=0.5", ExpositionFormat.PrometheusText)]
    [InlineData("application/openmetrics-text;q=0.5, text/plain;version=0.0.4;q=0.3", ExpositionFormat.OpenMetricsText)]
    [InlineData("application/openmetrics-text;q=0, */*", ExpositionFormat.PrometheusText)]
    [InlineData("application/openmetrics-text;q=0", ExpositionFormat.PrometheusText)]
    [InlineData("application/openmetrics-text;q=often, */*;q=0.1", ExpositionFormat.PrometheusText)]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", ExpositionFormat.OpenMetricsText)]
    public void The_format_is_the_one_the_client_likes_best(string? accept, ExpositionFormat expected) =>
        Assert.Equal(expected, ContentNegotiation.FormatOf(accept));

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("identity", false)]
    [InlineData("gzip", true)]
    [InlineData("deflate, GZIP;q=0.5", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip;q=0.0, *", false)]
    [InlineData("*", true)]
    [InlineData("*;q=0", false)]
    public void An_answer_is_compressed_only_for_who_takes_it(string? acceptEncoding, bool expected) =>
        Assert.Equal(expected, ContentNegotiation.TakesGzip(acceptEncoding));
}
