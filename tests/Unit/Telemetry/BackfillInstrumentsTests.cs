using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Metrics.Collection;
using Qmtl.Time;

namespace Qmtl.Unit.Telemetry;

public sealed class BackfillInstrumentsTests : IDisposable
{
    private const string Labels = "node_id=\"BTCUSDT\",interval=\"60\"";
    private static readonly StreamKey Stream = new("BTCUSDT", BarInterval.FromSeconds(60));
    private static readonly TimeRange Range = new(60, 600);

    private readonly MeasuredMeter _meter = new();

    public void Dispose() => _meter.Dispose();

    [Theory]
    [InlineData("1w", "604800")]
    [InlineData("1M", "1M")]
    [InlineData("3M", "3M")]
    [InlineData("1d@08:00", "1d@08:00")]
    public void The_interval_is_its_seconds_or_where_they_do_not_tell_it_its_text(string interval, string label)
    {
        var stream = new StreamKey("AB", BarInterval.Parse(interval));
        Record(new BackfillStarted(stream, "binance", 1), new BackfillPageCommitted(stream, new TimeRange(0, 0), 1, 0, 1, 0));

        Assert.Equal(1, _meter.Value("backfill_bars_written_total", $"node_id=\"AB\",interval=\"{label}\""));
    }

    [Fact]
    public void The_guides_four_have_its_names_and_labels()
    {
        Record(
            new BackfillStarted(Stream, "binance", 1),
            new BackfillRetrying(Stream, Range, 1, TimeSpan.Zero, new TimeoutException()),
            new BackfillPageCommitted(Stream, Range, 9, 1, 10, 540),
            new BackfillRangeEnded(Stream, Result(BackfillStatus.Failed)));

        Assert.Equal(1, _meter.Value("backfill_jobs_in_progress"));
        Assert.Equal(540, _meter.Value("backfill_last_timestamp", Labels));
        Assert.Equal(1, _meter.Value("backfill_retry_total", Labels));
        Assert.Equal(1, _meter.Value("backfill_failure_total", Labels));
    }

    [Fact]
    public void Jobs_are_in_progress_until_they_end()
    {
        Record(new BackfillStarted(Stream, "binance", 1), new BackfillStarted(new StreamKey("ETHUSDT", Stream.Interval), "binance", 1));
        Assert.Equal(2, _meter.Value("backfill_jobs_in_progress"));

        Record(new BackfillEnded(Stream, "binance", TimeSpan.Zero));
        Assert.Equal(1, _meter.Value("backfill_jobs_in_progress"));
    }

    [Fact]
    public void Counters_of_a_stream_begin_at_zero_when_it_does()
    {
        Record(new BackfillStarted(Stream, "binance", 1));

        Assert.Equal(0, _meter.Value("backfill_retry_total", Labels));
        Assert.Equal(0, _meter.Value("backfill_failure_total", Labels));
        Assert.Null(_meter.Value("backfill_last_timestamp", Labels));
        Assert.Null(_meter.Value("backfill_gap_bars_remaining", Labels));
    }

    [Fact]
    public void The_last_timestamp_is_the_furthest_bar_up_to_which_all_was_complete()
    {
        Record(new BackfillStarted(Stream, "binance", 1), new BackfillPlanned(Stream, 10, 2) { CompleteUpTo = 120 });
        Assert.Equal(120, _meter.Value("backfill_last_timestamp", Labels));

        Record(new BackfillPageCommitted(Stream, Range, 5, 0, 5, 300), new BackfillPageCommitted(Stream, Range, 0, 5, 5, null));
        Assert.Equal(300, _meter.Value("backfill_last_timestamp", Labels));

        Record(new BackfillEnded(Stream, "binance", TimeSpan.Zero) { CompleteUpTo = 600 });
        Assert.Equal(600, _meter.Value("backfill_last_timestamp", Labels));
    }

    [Fact]
    public void More_holes_than_are_remembered_hold_the_last_timestamp_back_all_the_same()
    {
        TimeRangeSet asked = new(Stream.Interval, new TimeRange(60, 60 * 5000));
        TimeRangeSet holes = new(Stream.Interval, Enumerable.Range(1, 2000).Select(i => new TimeRange(i * 120, i * 120)));
        Record(new BackfillStarted(Stream, "a", 1), new BackfillEnded(Stream, "a", TimeSpan.Zero) { CompleteUpTo = 60, Asked = asked, Missing = holes });

        TimeRangeSet first = new(Stream.Interval, new TimeRange(60, 120 * 1500));
        Record(new BackfillStarted(Stream, "a", 1), new BackfillEnded(Stream, "a", TimeSpan.Zero) { CompleteUpTo = 120 * 1500, Asked = first });
        Record(new BackfillStarted(Stream, "a", 1), new BackfillEnded(Stream, "a", TimeSpan.Zero) { CompleteUpTo = 60 * 6000 });
        Assert.InRange(_meter.Value("backfill_last_timestamp", Labels)!.Value, 120 * 1500, (120 * 1501) - 60);

        Record(new BackfillStarted(Stream, "a", 1), new BackfillEnded(Stream, "a", TimeSpan.Zero) { Asked = asked });
        Assert.Equal(60 * 6000, _meter.Value("backfill_last_timestamp", Labels));
    }

    [Theory]
    [InlineData(BackfillStatus.Completed)]
    [InlineData(BackfillStatus.Empty)]
    [InlineData(BackfillStatus.Partial)]
    [InlineData(BackfillStatus.Failed)]
    [InlineData(BackfillStatus.Cancelled)]
    public void A_range_by_itself_says_nothing_of_what_lies_before_it(BackfillStatus status)
    {
        Record(new BackfillStarted(Stream, "binance", 1), new BackfillRangeEnded(Stream, Result(status)));

        Assert.Null(_meter.Value("backfill_last_timestamp", Labels));
        Assert.Equal(status == BackfillStatus.Failed ? 1 : 0, _meter.Value("backfill_failure_total", Labels));
    }

    [Fact]
    public void Bars_are_counted_as_written_empty_and_remaining()
    {
        Record(new BackfillStarted(Stream, "binance", 1), new BackfillPlanned(Stream, 100, 2), new BackfillPageCommitted(Stream, Range, 40, 8, 50, 600));

        Assert.Equal(40, _meter.Value("backfill_bars_written_total", Labels));
        Assert.Equal(8, _meter.Value("backfill_bars_empty_total", Labels));
        Assert.Equal(52, _meter.Value("backfill_gap_bars_remaining", Labels));
    }

    [Fact]
    public void What_remains_is_of_the_last_run_and_adds_up_over_runs_at_once()
    {
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPlanned(Stream, 100, 1), new BackfillEnded(Stream, "a", TimeSpan.Zero));
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPlanned(Stream, 30, 1));
        Assert.Equal(30, _meter.Value("backfill_gap_bars_remaining", Labels));

        Record(new BackfillStarted(Stream, "b", 1), new BackfillPlanned(Stream, 5, 1));
        Assert.Equal(35, _meter.Value("backfill_gap_bars_remaining", Labels));
    }

    [Fact]
    public void Nothing_is_said_of_what_remains_before_there_is_a_plan()
    {
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPageCommitted(Stream, Range, 40, 8, 50, 600));
        Assert.Null(_meter.Value("backfill_gap_bars_remaining", Labels));

        Record(new BackfillPlanned(Stream, 10, 1), new BackfillPageCommitted(Stream, Range, 40, 8, 50, 600));
        Assert.Equal(0, _meter.Value("backfill_gap_bars_remaining", Labels));
    }

    [Fact]
    public void Rejected_rows_are_counted_by_reason_and_only_those_that_occurred()
    {
        RejectedRows rejected = RejectedRows.None.Plus(RejectionReason.OffGrid, 3).Plus(RejectionReason.MissingTimestamp, 1);
        Record(new BackfillStarted(Stream, "binance", 1), new BackfillRowsRejected(Stream, "binance", rejected));

        Assert.Equal(
            [(Labels + ",reason=\"missing_timestamp\"", 1.0), (Labels + ",reason=\"off_grid\"", 3.0)],
            _meter.Family("backfill_bars_rejected_total").Points.Select(point => (point.LabelText(), point.Value)));
    }

    [Fact]
    public void Requests_are_measured_by_source_and_status()
    {
        Record(
            Asked(TimeSpan.FromSeconds(0.2), null),
            Asked(TimeSpan.FromSeconds(0.3), null),
            Asked(TimeSpan.FromSeconds(2), new SourceException("no") { StatusCode = 429, RetryAfter = TimeSpan.FromSeconds(1) }));

        MetricPoint ok = Assert.Single(_meter.Family("backfill_request_duration_seconds").Points, point => point.LabelText() == "source=\"binance\",status=\"ok\"");
        Assert.Equal(0.5, ok.Value, 9);
        Assert.Equal(2, ok.Count);
        Assert.Equal(2, _meter.Value("backfill_request_duration_seconds", "source=\"binance\",status=\"429\""));
    }

    [Fact]
    public void Who_begins_to_listen_late_reads_true_totals()
    {
        Record(new BackfillStarted(Stream, "binance", 1), new BackfillPageCommitted(Stream, Range, 40, 8, 50, 600));

        using var late = new MetricsCollector(_meter.Instruments, _meter.Clock);

        MetricFamily written = late.Collect().Single(family => family.Name == "backfill_bars_written_total");
        Assert.Equal(40, Assert.Single(written.Points).Value);
    }

    [Fact]
    public void Measuring_allocates_nothing()
    {
        BackfillEvent[] events =
        [
            new BackfillPlanned(Stream, 100, 2),
            new BackfillPageCommitted(Stream, Range, 40, 8, 50, 600),
            new BackfillRetrying(Stream, Range, 1, TimeSpan.Zero, new TimeoutException()),
            new BackfillRowsRejected(Stream, "binance", RejectedRows.None.Plus(RejectionReason.OffGrid, 3)),
            new BackfillRangeEnded(Stream, Result(BackfillStatus.Completed)),
            Asked(TimeSpan.FromSeconds(0.2), null),
            new BackfillEnded(Stream, "binance", TimeSpan.Zero),
            new BackfillStarted(Stream, "binance", 1),
        ];
        Record(new BackfillStarted(Stream, "binance", 1));
        Record(events);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
        {
            foreach (BackfillEvent happened in events)
            {
                _meter.Instruments.Backfills.Record(happened);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static BackfillSourceAsked Asked(TimeSpan duration, Exception? error) => new(Stream, "binance", Range, duration, error);

    private static BackfillResult Result(BackfillStatus status) => new() { Stream = Stream, Range = Range, Status = status };

    private void Record(params BackfillEvent[] events) => Array.ForEach(events, _meter.Instruments.Backfills.Record);
}
