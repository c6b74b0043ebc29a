using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching.Pacing;
using Qmtl.Metrics.Collection;
using Qmtl.Recording;
using Qmtl.Streams;
using Qmtl.Telemetry;
using Qmtl.Time;

namespace Qmtl.Unit.Telemetry;

/// <summary>All instruments on a meter of the test's own, with a clock that is turned by hand and a collector that reads it.</summary>
internal sealed class MeasuredMeter : IDisposable
{
    // Other tests of this process ask hosts of their own.
    private readonly List<HostPacer> _pacers = [];

    public MeasuredMeter(int limit = 100)
    {
        Instruments = new MeterInstruments(new Meter("Test", "1.2.3"), Clock, limit, () => _pacers);
        Recorders = new RecorderInstruments(Instruments, Clock);
        Nodes = new NodeInstruments(Instruments);
        Collector = new MetricsCollector(Instruments, Clock);
    }

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));

    public MeterInstruments Instruments { get; }

    public RecorderInstruments Recorders { get; }

    public NodeInstruments Nodes { get; }

    public MetricsCollector Collector { get; }

    /// <summary>The family of that name.</summary>
    public MetricFamily Family(string name) => Collector.Collect().Single(family => family.Name == name);

    /// <summary>The value of the series with those labels, written as Prometheus writes them; null where there is none.</summary>
    public double? Value(string name, string labels = "") =>
        Family(name).Points.Where(point => point.LabelText() == labels).Select(point => (double?)point.Value).SingleOrDefault();

    /// <summary>Measures something with every instrument, so that each has a series.</summary>
    public void MeasureEverything()
    {
        var stream = new StreamKey("BTC\"USDT\\1", BarInterval.FromSeconds(60));
        var range = new TimeRange(60, 600);
        BackfillEvent[] events =
        [
            new BackfillStarted(stream, "binance", 1),
            new BackfillPlanned(stream, 10, 1) { Missing = new TimeRangeSet(stream.Interval, range) },
            new BackfillSourceAsked(stream, "binance", range, TimeSpan.FromSeconds(0.2), null),
            new BackfillRetrying(stream, range, 1, TimeSpan.FromSeconds(1), new TimeoutException()),
            new BackfillPageCommitted(stream, range, 8, 1, 10, 600) { Settled = new TimeRangeSet(stream.Interval, range) },
            new BackfillRowsRejected(stream, "binance", RejectedRows.None.Plus(RejectionReason.OffGrid, 1)),
        ];
        Array.ForEach(events, Instruments.Backfills.Record);
        KeptGauge kept = Instruments.Freshness.Keep(stream, "memory", 60, TimeSpan.FromMinutes(5));
        kept.Complete(600);
        kept.Look(null, 60);
        Recorders.Register("bars.db", () => new RecorderReading(2, 3, 4, 5));
        Nodes.RegisterCache(stream, this, _ => 800);
        Nodes.RecordReplay(stream, TimeSpan.FromSeconds(3));
        _pacers.Add(HostPacer.For(new Uri("http://measured.example"), Clock));
    }

    public void Dispose()
    {
        Collector.Dispose();
        Instruments.Meter.Dispose();
    }
}
