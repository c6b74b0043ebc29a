using Qmtl.Metrics.Collection;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Ops;

/// <summary>Rules, dashboard and text name only what the meter measures.</summary>
public sealed class MetricNamesTests : IDisposable
{
    // Given by Prometheus's configuration, or by the operator who exports a file.
    private static readonly string[] LabelsOfScrapes = ["job", "instance", "task"];

    private readonly MeasuredMeter _meter = new();
    private readonly Dictionary<string, MetricFamily> _families;

    public MetricNamesTests()
    {
        _meter.MeasureEverything();
        _families = _meter.Collector.Collect().ToDictionary(family => family.Name);
    }

    public static TheoryData<string> Files => [OpsFiles.Rules, OpsFiles.RulesTest, OpsFiles.Dashboard, OpsFiles.Readme];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_metric_in_use_is_measured(string file) =>
        Assert.DoesNotContain(OpsFiles.MetricNames(File.ReadAllText(file)), name => Find(name) is null);

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_label_in_use_is_one_of_its_metric(string file) =>
        Assert.DoesNotContain(OpsFiles.Labels(File.ReadAllText(file)), use => !LabelsOf(use.Metric).Contains(use.Label));

    [Fact]
    public void Every_metric_is_on_the_dashboard()
    {
        HashSet<string> shown = [.. OpsFiles.MetricNames(File.ReadAllText(OpsFiles.Dashboard)).Select(name => Find(name)!.Name)];

        Assert.DoesNotContain(_families.Keys, name => !shown.Contains(name));
    }

    [Theory]
    [InlineData("sum(rate(backfill_gone_total[5m]))")]
    [InlineData("backfill_retry")]
    [InlineData("qmtl_cache_size_bytes_sum")]
    public void A_name_that_no_longer_exists_would_be_found(string text) =>
        Assert.Null(Find(Assert.Single(OpsFiles.MetricNames(text))));

    [Fact]
    public void A_label_that_no_longer_exists_would_be_found() =>
        Assert.DoesNotContain("symbol", LabelsOf(Assert.Single(OpsFiles.Labels("backfill_retry_total{symbol=~\"X\"}")).Metric));

    public void Dispose() => _meter.Dispose();

    // A histogram has three series under names of their own, and none under its own.
    private MetricFamily? Find(string name)
    {
        if (_families.TryGetValue(name, out MetricFamily? family))
        {
            return family;
        }

        string? part = new[] { "_bucket", "_count", "_sum" }.FirstOrDefault(end => name.EndsWith(end, StringComparison.Ordinal));
        return part is not null && _families.TryGetValue(name[..^part.Length], out family) && family.Type == MetricType.Histogram ? family : null;
    }

    private IEnumerable<string> LabelsOf(string metric) =>
        Find(metric) is { } family
            ? family.Points[0].Labels.Select(label => label.Key).Concat(LabelsOfScrapes)
                .Concat(metric.EndsWith("_bucket", StringComparison.Ordinal) ? ["le"] : [])
            : [];
}
