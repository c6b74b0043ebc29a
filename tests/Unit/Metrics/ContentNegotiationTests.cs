using Qmtl.Metrics.Exposition;

namespace Qmtl.Unit.Metrics;

public sealed class ContentNegotiationTests
{
    [Theory]
    [InlineData(null, TextFormat.Prometheus)]
    [InlineData("", TextFormat.Prometheus)]
    [InlineData("*/*", TextFormat.Prometheus)]
    [InlineData("text/plain", TextFormat.Prometheus)]
    [InlineData("text/html, application/json", TextFormat.Prometheus)]
    [InlineData("application/openmetrics-text", TextFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text; version=1.0.0; charset=utf-8", TextFormat.OpenMetrics)]
    [InlineData("Application/OpenMetrics-Text;version=\"1.0.0\"", TextFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;version=0.0.1", TextFormat.Prometheus)]
    [InlineData("application/openmetrics-text;q=0.3, text/plain;version=0.0.4;q=0.5", TextFormat.Prometheus)]
    [InlineData("application/openmetrics-text;q=0.5, text/plain;version=0.0.4;q=0.3", TextFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;q=0, */*", TextFormat.Prometheus)]
    [InlineData("application/openmetrics-text;q=0", TextFormat.Prometheus)]
    [InlineData("application/openmetrics-text;q=often, */*;q=0.1", TextFormat.Prometheus)]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TextFormat.OpenMetrics)]
    public void The_format_is_the_one_the_client_likes_best(string? accept, TextFormat expected) =>
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
