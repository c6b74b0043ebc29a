using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Telemetry;
using Qmtl.Time;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Telemetry;

public sealed class FreshnessInstrumentsTests : IDisposable
{
    private const string Labels = "node_id=\"BTCUSDT\",interval=\"60\"";
    private const long Start = 1_699_999_980; // A whole minute; the clock begins 20 seconds later.
    private static readonly StreamKey Stream = new("BTCUSDT", BarInterval.FromSeconds(60));
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(5);

    private readonly MeasuredMeter _meter = new();

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void Staleness_grows_with_the_clock_though_nothing_happens()
    {
        using KeptGauge kept = Keep();
        Assert.Null(_meter.Value("backfill_staleness_seconds", Labels));

        kept.Complete(Start - 60);
        Assert.Equal(0, _meter.Value("backfill_staleness_seconds", Labels));

        _meter.Clock.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(0, _meter.Value("backfill_staleness_seconds", Labels));

        _meter.Clock.Advance(TimeSpan.FromSeconds(600));
        Assert.Equal(600, _meter.Value("backfill_staleness_seconds", Labels));

        kept.Complete(Start + 480);
        Assert.Equal(60, _meter.Value("backfill_staleness_seconds", Labels));
    }

    [Fact]
    public void Where_nothing_is_there_yet_the_first_bar_is_waited_for()
    {
        using KeptGauge kept = Keep(first: Start - 601);
        kept.Complete(long.MinValue);

        Assert.Equal(560, _meter.Value("backfill_staleness_seconds", Labels));
    }

    [Fact]
    public void The_budget_is_told()
    {
        using KeptGauge kept = Keep(budget: TimeSpan.FromSeconds(90));
        Assert.Equal(90, _meter.Value("backfill_staleness_budget_seconds", Labels));
    }

    [Fact]
    public async Task Coverage_is_what_the_store_held_and_what_has_come_since()
    {
        var store = new InMemoryHistoryStore();
        store.Seed(Stream, Start - 600, Start - 540, Start - 300);
        var expected = new StreamExpectation(Stream, Start - 600);
        using KeptGauge kept = Keep(first: Start - 600);
        kept.Complete(Start - 60);
        Assert.Null(_meter.Value("backfill_coverage_ratio", Labels));

        // Ten bars from the first to the newest, of which one is known not to exist.
        TimeRangeSet empty = new(Stream.Interval, new TimeRange(Start - 60, Start - 60));
        await store.WriteAsync(Stream, [new BarPage("a", BarFrame.Empty(Stream.Interval), empty, empty)]);
        StreamStatus status = Assert.Single(
            await StreamStatus.FindAsync(new StoreHistoryProvider(store), [expected], _meter.Clock.GetUtcNow()));
        kept.Look(status.History, status.Due);
        kept.Complete(Start - 60);
        Assert.Equal(3 / 9.0, _meter.Value("backfill_coverage_ratio", Labels)!.Value, 12);

        kept.Add(Result(written: 5, replaced: 1, empty: 1));
        Assert.Equal(7 / 8.0, _meter.Value("backfill_coverage_ratio", Labels)!.Value, 12);

        kept.Add(Result(written: 1, replaced: 0, empty: 0));
        Assert.Equal(1, _meter.Value("backfill_coverage_ratio", Labels));

        // A bar that somebody else has stored, too, makes no more than all of it.
        kept.Add(Result(written: 1, replaced: 0, empty: 0));
        Assert.Equal(1, _meter.Value("backfill_coverage_ratio", Labels));
    }

    [Fact]
    public void Of_a_stream_in_two_stores_the_worst_is_told()
    {
        using KeptGauge good = Keep(budget: TimeSpan.FromMinutes(9));
        using KeptGauge bad = Keep(first: Start - 600, budget: TimeSpan.FromMinutes(3));
        good.Complete(Start - 60);
        bad.Complete(Start - 120);

        Assert.Equal(20, _meter.Value("backfill_staleness_seconds", Labels));
        Assert.Equal(180, _meter.Value("backfill_staleness_budget_seconds", Labels));
    }

    [Fact]
    public void What_is_kept_no_more_is_gone_at_once()
    {
        KeptGauge kept = Keep();
        kept.Complete(Start);
        kept.Dispose();

        Assert.Null(_meter.Value("backfill_staleness_seconds", Labels));
        Assert.Null(_meter.Value("backfill_staleness_budget_seconds", Labels));
    }

    [Fact]
    public void Streams_beyond_the_limit_are_counted_as_lost()
    {
        using var meter = new MeasuredMeter(limit: 1);
        using KeptGauge first = meter.Instruments.Freshness.Keep(Stream, "db", Start, Budget);
        using KeptGauge second = meter.Instruments.Freshness.Keep(new StreamKey("ETHUSDT", Stream.Interval), "db", Start, Budget);

        Assert.Equal(1, meter.Instruments.Overflow.Total);
        Assert.Single(meter.Family("backfill_staleness_budget_seconds").Points);
    }

    [Fact]
    public void A_gap_is_timed_from_when_it_is_seen_to_when_its_last_bar_is_there()
    {
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPlanned(Stream, 12, 1) { Missing = Set((60, 600), (900, 960)) });
        _meter.Clock.Advance(TimeSpan.FromSeconds(7));
        Record(Committed((60, 300), (900, 960)));
        _meter.Clock.Advance(TimeSpan.FromSeconds(3));
        Record(Committed((360, 600)));

        Assert.Equal((17.0, 2L), Repairs());
    }

    [Fact]
    public void A_gap_that_is_left_keeps_its_age_and_a_later_run_does_not_make_it_young()
    {
        Record(
            new BackfillStarted(Stream, "a", 1),
            new BackfillPlanned(Stream, 2, 1) { Missing = Set((60, 120)) },
            new BackfillEnded(Stream, "a", TimeSpan.Zero) { Asked = Set((60, 600)), Missing = Set((60, 120)) });
        _meter.Clock.Advance(TimeSpan.FromMinutes(10));
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPlanned(Stream, 2, 1) { Missing = Set((60, 120)) }, Committed((60, 120)));

        Assert.Equal((600.0, 1L), Repairs());
    }

    [Fact]
    public void A_gap_that_another_process_filled_ends_when_it_is_seen_to_be_gone()
    {
        Record(new BackfillStarted(Stream, "a", 1), new BackfillEnded(Stream, "a", TimeSpan.Zero) { Asked = Set((60, 600)), Missing = Set((60, 120)) });
        _meter.Clock.Advance(TimeSpan.FromSeconds(30));
        Record(new BackfillStarted(Stream, "a", 1), new BackfillEnded(Stream, "a", TimeSpan.Zero) { Asked = Set((60, 600)) });

        Assert.Equal((30.0, 1L), Repairs());
    }

    [Fact]
    public void Bars_that_have_just_closed_are_no_gap_until_a_visit_has_left_them()
    {
        (long, long) newest = (Start - 300, Start - 60);
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPlanned(Stream, 5, 1) { Missing = Set(newest) }, Committed(newest));
        Assert.Empty(_meter.Family("backfill_gap_repair_seconds").Points);

        Record(new BackfillEnded(Stream, "a", TimeSpan.Zero) { Asked = Set(newest), Missing = Set((Start - 60, Start - 60)) });
        _meter.Clock.Advance(TimeSpan.FromSeconds(5));
        Record(new BackfillStarted(Stream, "a", 1), new BackfillPlanned(Stream, 1, 1) { Missing = Set((Start - 60, Start - 60)) }, Committed(newest));
        Assert.Equal((5.0, 1L), Repairs());
    }

    private static TimeRangeSet Set(params (long Start, long End)[] ranges) =>
        new(Stream.Interval, ranges.Select(range => new TimeRange(range.Start, range.End)));

    private static BackfillPageCommitted Committed(params (long Start, long End)[] settled) =>
        new(Stream, new TimeRange(settled[0].Start, settled[^1].End), 1, 0, 1, null) { Settled = Set(settled) };

    private static BackfillResult Result(long written, long replaced, long empty) => new()
    {
        Stream = Stream,
        Range = new TimeRange(Start - 600, Start),
        Status = BackfillStatus.Completed,
        BarsWritten = written,
        BarsReplaced = replaced,
        BarsEmpty = empty,
    };

    private KeptGauge Keep(long first = Start - 60, TimeSpan? budget = null) =>
        _meter.Instruments.Freshness.Keep(Stream, "db", first, budget ?? Budget);

    private void Record(params BackfillEvent[] events) => Array.ForEach(events, _meter.Instruments.Backfills.Record);

    private (double Seconds, long Count) Repairs()
    {
        Qmtl.Metrics.Collection.MetricPoint point = Assert.Single(_meter.Family("backfill_gap_repair_seconds").Points);
        Assert.Equal("interval=\"60\"", point.LabelText());
        return (point.Value, point.Count!.Value);
    }
}
