using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Telemetry;
using Qmtl.Time;

namespace Qmtl.Unit.Telemetry;

public sealed class StreamRegistryTests : IDisposable
{
    private readonly MeasuredMeter _meter = new(limit: 3);

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void A_stream_disappears_an_hour_after_its_last_backfill_ended()
    {
        Run("A");
        _meter.Clock.Advance(QmtlMeter.Retention);
        Assert.Equal(["A"], Streams());

        _meter.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(Streams());
        Assert.Equal(0, _meter.Value("qmtl_metrics_streams"));
    }

    [Fact]
    public void A_stream_stays_while_it_is_backfilled_however_long_that_takes()
    {
        Start("A");
        _meter.Clock.Advance(QmtlMeter.Retention * 10);
        Assert.Equal(["A"], Streams());
    }

    [Fact]
    public void A_stream_that_comes_back_counts_from_zero()
    {
        Run("A");
        _meter.Clock.Advance(QmtlMeter.Retention * 2);
        Assert.Empty(Streams());

        Start("A");
        Assert.Equal(0, Assert.Single(_meter.Family("backfill_bars_written_total").Points).Value);
    }

    [Fact]
    public void Where_there_is_no_room_the_stream_that_ended_first_makes_it()
    {
        Run("A");
        _meter.Clock.Advance(TimeSpan.FromMinutes(1));
        Run("B");
        Start("C");

        Start("D");

        Assert.Equal(["B", "C", "D"], Streams());
        Assert.Equal(0, _meter.Value("qmtl_metrics_overflow_total"));
    }

    [Fact]
    public void What_comes_from_outside_of_a_backfill_is_counted_and_not_lost()
    {
        Write("A");

        Assert.Equal(1, Assert.Single(_meter.Family("backfill_bars_written_total").Points).Value);
        Assert.Equal(0, _meter.Value("qmtl_metrics_overflow_total"));

        _meter.Clock.Advance(QmtlMeter.Retention + TimeSpan.FromSeconds(1));
        Assert.Empty(Streams());
    }

    [Fact]
    public void Where_all_are_running_the_new_one_is_not_measured_and_that_is_counted()
    {
        Start("A");
        Start("B");
        Start("C");

        Start("D");
        Write("D");

        Assert.Equal(["A", "B", "C"], Streams());
        Assert.Equal(4, _meter.Value("backfill_jobs_in_progress"));
        Assert.Equal(2, _meter.Value("qmtl_metrics_overflow_total"));
        Assert.Equal(3, _meter.Value("qmtl_metrics_series_limit"));
    }

    [Fact]
    public async Task Streams_that_begin_and_end_at_once_are_counted_right()
    {
        using var meter = new MeasuredMeter(limit: 1000);
        await Parallel.ForAsync(0, 2000, (i, _) =>
        {
            var stream = new StreamKey($"N{i % 50}", BarInterval.FromSeconds(60));
            meter.Instruments.Backfills.Record(new BackfillStarted(stream, "s", 1));
            meter.Instruments.Backfills.Record(new BackfillPageCommitted(stream, new TimeRange(60, 60), 1, 0, 1, 60));
            meter.Instruments.Backfills.Record(new BackfillEnded(stream, "s", TimeSpan.Zero));
            if (i % 100 == 0)
            {
                meter.Collector.Collect();
            }

            return ValueTask.CompletedTask;
        });

        Assert.Equal(2000, meter.Family("backfill_bars_written_total").Points.Sum(point => point.Value));
        Assert.Equal(0, meter.Value("backfill_jobs_in_progress"));
    }

    private static StreamKey Key(string node) => new(node, BarInterval.FromSeconds(60));

    private void Start(string node) => _meter.Instruments.Backfills.Record(new BackfillStarted(Key(node), "s", 1));

    private void Write(string node) => _meter.Instruments.Backfills.Record(new BackfillPageCommitted(Key(node), new TimeRange(60, 60), 1, 0, 1, 60));

    private void Run(string node)
    {
        Start(node);
        Write(node);
        _meter.Instruments.Backfills.Record(new BackfillEnded(Key(node), "s", TimeSpan.Zero));
    }

    private IEnumerable<string> Streams() => _meter.Family("backfill_retry_total").Points.Select(point => point.Labels[0].Value);
}
