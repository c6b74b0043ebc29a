using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Metrics.Collection;
using Qmtl.Telemetry;

namespace Qmtl.Unit.Telemetry;

/// <summary>All instruments on a meter of the test's own, with a clock that is turned by hand and a collector that reads it.</summary>
internal sealed class MeasuredMeter : IDisposable
{
    public MeasuredMeter(int limit = 100)
    {
        Instruments = new MeterInstruments(new Meter("Test", "1.2.3"), Clock, limit);
        Collector = new MetricsCollector(Instruments, Clock);
    }

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));

    public MeterInstruments Instruments { get; }

    public MetricsCollector Collector { get; }

    /// <summary>The family of that name.</summary>
    public MetricFamily Family(string name) => Collector.Collect().Single(family => family.Name == name);

    /// <summary>The value of the series with those labels, written as Prometheus writes them; null where there is none.</summary>
    public double? Value(string name, string labels = "") =>
        Family(name).Points.Where(point => point.Labels.ToString() == labels).Select(point => (double?)point.Value).SingleOrDefault();

    public void Dispose()
    {
        Collector.Dispose();
        Instruments.Meter.Dispose();
    }
}
