using System.Diagnostics.Metrics;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Metrics.Collection;
using Qmtl.Telemetry;
using Qmtl.Time;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Metrics;

public sealed class MetricsCollectorTests : IDisposable
{
    private readonly MeasuredMeter _meter = new(limit: 3);

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void Series_of_an_instrument_are_bounded_and_what_is_lost_is_counted()
    {
        Counter<long> counter = _meter.Instruments.Meter.CreateCounter<long>("things");
        for (int i = 0; i < 10; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("thing", i));
        }

        Assert.Equal(3, _meter.Family("things_total").Points.Count);
        Assert.Equal(7, _meter.Value("qmtl_metrics_overflow_total"));
    }

    [Fact]
    public void An_idle_series_makes_room_after_an_hour()
    {
        Counter<long> counter = _meter.Instruments.Meter.CreateCounter<long>("things");
        for (int i = 0; i < 3; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("thing", i));
        }

        _meter.Clock.Advance(QmtlMeter.Retention + TimeSpan.FromSeconds(1));
        Assert.Empty(_meter.Family("things_total").Points);
        counter.Add(1, new KeyValuePair<string, object?>("thing", 9));
        Assert.Equal("thing=\"9\"", Assert.Single(_meter.Family("things_total").Points).LabelText());
        Assert.Equal(0, _meter.Value("qmtl_metrics_overflow_total"));
    }

    [Fact]
    public void What_an_observable_instrument_no_longer_tells_of_is_gone_at_once()
    {
        string[] told = ["b", "a"];
        _meter.Instruments.Meter.CreateObservableGauge("seen", () => told.Select(name => new Measurement<long>(1, new KeyValuePair<string, object?>("name", name))));
        Assert.Equal(["name=\"a\"", "name=\"b\""], Labels("seen"));

        told = ["c", "b"];
        Assert.Equal(["name=\"b\"", "name=\"c\""], Labels("seen"));
    }

    [Fact]
    public void Those_that_are_gone_take_no_room_from_those_that_came()
    {
        int first = 0;
        _meter.Instruments.Meter.CreateObservableGauge("seen", () => Enumerable.Range(first, 3).Select(i => new Measurement<long>(1, new KeyValuePair<string, object?>("name", i))));
        Assert.Equal(["name=\"0\"", "name=\"1\"", "name=\"2\""], Labels("seen"));

        first = 7;
        Assert.Equal(["name=\"7\"", "name=\"8\"", "name=\"9\""], Labels("seen"));
        Assert.Equal(0, _meter.Value("qmtl_metrics_overflow_total"));
    }

    [Fact]
    public async Task A_counter_that_has_begun_again_between_two_scrapes_is_told_as_it_is()
    {
        long value = 5;
        _meter.Instruments.Meter.CreateObservableCounter("things", () => new Measurement<long>(value, new KeyValuePair<string, object?>("name", "a")));
        Assert.Contains("\nthings_total{name=\"a\"} 5\n", await TextAsync(), StringComparison.Ordinal);

        value = 2;
        Assert.Contains("\nthings_total{name=\"a\"} 2\n", await TextAsync(), StringComparison.Ordinal);
        Assert.Equal(2, _meter.Value("things_total", "name=\"a\""));
    }

    [Fact]
    public void Labels_stay_right_whatever_comes_and_goes_in_between()
    {
        var random = new Random(1);
        int[] told = [];
        using var meter = new MeasuredMeter(limit: 1000);
        meter.Instruments.Meter.CreateObservableGauge("seen", () => told.Select(i => new Measurement<long>(i, new KeyValuePair<string, object?>("name", i))));
        for (int round = 0; round < 200; round++)
        {
            told = [.. Enumerable.Range(0, 100).Where(_ => random.Next(4) > 0)];
            Assert.Equal(told.Select(i => ($"name=\"{i}\"", (double)i)).OrderBy(point => point.Item1, StringComparer.Ordinal), meter.Family("seen").Points.Select(point => (point.LabelText(), point.Value)));
        }
    }

    [Fact]
    public void Sums_gauges_and_up_down_counters_keep_their_meaning()
    {
        Counter<double> sum = _meter.Instruments.Meter.CreateCounter<double>("sum");
        UpDownCounter<long> level = _meter.Instruments.Meter.CreateUpDownCounter<long>("level");
        Gauge<double> last = _meter.Instruments.Meter.CreateGauge<double>("last");
        foreach (int value in (int[])[5, 3])
        {
            sum.Add(value);
            level.Add(value - 4);
            last.Record(value);
        }

        Assert.Equal((8, 0, 3), (_meter.Value("sum_total"), _meter.Value("level"), _meter.Value("last")));
    }

    [Fact]
    public async Task A_measurement_on_a_buckets_bound_is_in_it()
    {
        Histogram<double> histogram = _meter.Instruments.Meter.CreateHistogram("size", null, null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        foreach (double value in (double[])[0.5, 1, 1.5, 2, 99])
        {
            histogram.Record(value);
        }

        MetricPoint point = Assert.Single(_meter.Family("size").Points);
        Assert.Equal((104, 5L), (point.Value, point.Count));
        string text = await TextAsync();
        Assert.Contains("size_bucket{le=\"1\"} 2\nsize_bucket{le=\"2\"} 4\nsize_bucket{le=\"+Inf\"} 5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_lost_where_many_threads_measure_while_it_is_read()
    {
        Counter<long> counter = _meter.Instruments.Meter.CreateCounter<long>("things");
        Histogram<double> histogram = _meter.Instruments.Meter.CreateHistogram<double>("size");
        Parallel.For(0, 20_000, i =>
        {
            counter.Add(1, new KeyValuePair<string, object?>("thing", i % 3));
            histogram.Record(0.5);
            if (i % 1000 == 0)
            {
                _meter.Collector.Collect();
            }
        });

        Assert.Equal(20_000, _meter.Family("things_total").Points.Sum(point => point.Value));
        MetricPoint size = Assert.Single(_meter.Family("size").Points);
        Assert.Equal((20_000L, 10_000.0), (size.Count, size.Value));
    }

    [Fact]
    public async Task Measuring_never_waits_for_a_collection()
    {
        using var asked = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        _meter.Instruments.Meter.CreateObservableGauge("slow", () =>
        {
            asked.Set();
            release.Wait();
            return 1L;
        });
        Task collecting = Task.Run(_meter.Collector.Collect);
        asked.Wait();

        // On this thread: were any of these held up by the collection, the test would never end.
        var stream = new StreamKey("BTCUSDT", BarInterval.FromSeconds(60));
        _meter.Instruments.Backfills.Record(new BackfillStarted(stream, "s", 1));
        _meter.Instruments.Backfills.Record(new BackfillSourceAsked(stream, "s", new TimeRange(60, 60), TimeSpan.Zero, null));
        _meter.Instruments.Backfills.Record(new BackfillEnded(stream, "s", TimeSpan.Zero));

        release.Set();
        await collecting;
    }

    [Fact]
    public void Reading_allocates_no_more_after_more_bars()
    {
        var stream = new StreamKey("BTCUSDT", BarInterval.FromSeconds(60));
        var page = new BackfillPageCommitted(stream, new TimeRange(60, 60_000), 1000, 0, 1000, 60_000);
        _meter.Instruments.Backfills.Record(new BackfillStarted(stream, "s", 1));
        _meter.Instruments.Backfills.Record(page);
        _meter.Collector.Collect();
        long few = Allocated();

        for (int i = 0; i < 10_000; i++)
        {
            _meter.Instruments.Backfills.Record(page);
        }

        Assert.Equal(few, Allocated());
        Assert.Equal(10_001_000, _meter.Family("backfill_bars_written_total").Points.Single().Value);

        long Allocated()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            _meter.Collector.Collect();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Meters_of_others_are_not_read()
    {
        using var other = new Meter("Test");
        other.CreateCounter<long>("strange").Add(1);

        Assert.DoesNotContain(_meter.Collector.Collect(), family => family.Name == "strange_total");
    }

    private IEnumerable<string> Labels(string name) => _meter.Family(name).Points.Select(point => point.LabelText());

    private async Task<string> TextAsync()
    {
        using var text = new MemoryStream();
        await _meter.Collector.WriteAsync(text, Prometheus.ExpositionFormat.PrometheusText);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }
}
