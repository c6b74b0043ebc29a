using Qmtl.Recording;
using Qmtl.Telemetry;

namespace Qmtl.Unit.Telemetry;

public sealed class RecorderInstrumentsTests : IDisposable
{
    private const string Label = "recorder=\"bars.db\"";

    private readonly MeasuredMeter _meter = new(limit: 2);

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void A_recorder_is_read_when_the_meter_is()
    {
        var reading = new RecorderReading(1, 3, 40, 4);
        using IDisposable registration = _meter.Recorders.Register("bars.db", () => reading);
        Assert.Equal((1, 3, 40, 4), Read());

        reading = new RecorderReading(0, 30, 40, 4);
        Assert.Equal((0, 30, 40, 4), Read());
    }

    [Fact]
    public void Recorders_of_one_name_are_added_up()
    {
        using IDisposable a = _meter.Recorders.Register("bars.db", () => new RecorderReading(1, 3, 40, 4));
        using IDisposable b = _meter.Recorders.Register("bars.db", () => new RecorderReading(10, 30, 400, 40));

        Assert.Equal((11, 33, 440, 44), Read());
    }

    [Fact]
    public void What_an_ended_recorder_counted_stays_for_an_hour()
    {
        _meter.Recorders.Register("bars.db", () => new RecorderReading(0, 3, 40, 4)).Dispose();
        Assert.Equal((0, 3, 40, 4), Read());

        _meter.Clock.Advance(QmtlMeter.Retention + TimeSpan.FromSeconds(1));
        Assert.Empty(_meter.Family("qmtl_recorder_delivered_rows_total").Points);
    }

    [Fact]
    public void Counters_go_on_where_a_recorder_is_made_again_and_its_spool_is_not_counted_twice()
    {
        _meter.Recorders.Register("bars.db", () => new RecorderReading(2, 3, 40, 4)).Dispose();
        using IDisposable next = _meter.Recorders.Register("bars.db", () => new RecorderReading(2, 1, 0, 0));

        Assert.Equal((2, 4, 40, 4), Read());
    }

    [Fact]
    public void Ending_twice_counts_once()
    {
        IDisposable registration = _meter.Recorders.Register("bars.db", () => new RecorderReading(0, 3, 0, 0));
        registration.Dispose();
        registration.Dispose();

        Assert.Equal((0, 3, 0, 0), Read());
    }

    [Fact]
    public void More_names_than_the_limit_are_not_measured_and_that_is_counted()
    {
        foreach (string name in (string[])["a", "b", "c"])
        {
            _meter.Recorders.Register(name, () => default);
        }

        Assert.Equal(2, _meter.Family("qmtl_recorder_queued_rows").Points.Count);
        Assert.Equal(1, _meter.Value("qmtl_metrics_overflow_total"));
    }

    [Fact]
    public void A_recorder_that_fails_to_tell_does_not_hide_the_other_metrics()
    {
        _meter.Recorders.Register("bars.db", () => throw new ObjectDisposedException("recorder"));

        Assert.Equal(0, _meter.Value("backfill_jobs_in_progress"));
        Assert.Empty(_meter.Family("qmtl_recorder_queued_rows").Points);
    }

    private (double?, double?, double?, double?) Read() => (
        _meter.Value("qmtl_recorder_queued_rows", Label),
        _meter.Value("qmtl_recorder_delivered_rows_total", Label),
        _meter.Value("qmtl_recorder_refused_rows_total", Label),
        _meter.Value("qmtl_recorder_dropped_rows_total", Label));
}
