using Microsoft.Extensions.Time.Testing;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Telemetry.Progress;
using Qmtl.Time;

namespace Qmtl.Unit.Logging;

public sealed class BackfillProgressTrackerTests
{
    private static readonly StreamKey One = new("ONE", BarInterval.FromSeconds(60));
    private static readonly StreamKey Two = new("TWO", BarInterval.FromSeconds(60));
    private static readonly TimeRange Page = new(0, 60);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_stream_s_bars_rate_and_time_left_follow_its_pages()
    {
        BackfillProgressTracker tracker = Tracker(1);
        Plan(tracker, One, bars: 10_000, requests: 10);
        for (int page = 0; page < 4; page++)
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            Commit(tracker, One, 1000);
        }

        StreamProgress stream = Assert.Single(tracker.Read().Active);
        Assert.Equal((4000, 10_000, 0.4), (stream.BarsDone, stream.BarsPlanned, stream.Fraction));
        Assert.Equal(500, stream.BarsPerSecond!.Value, 6);
        Assert.Equal(12, stream.TimeLeft!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void Looking_into_the_store_does_not_count_as_slow_fetching()
    {
        BackfillProgressTracker tracker = Tracker(1);
        tracker.Add(new BackfillStarted(One, "s", 1));
        _clock.Advance(TimeSpan.FromMinutes(5));
        tracker.Add(new BackfillPlanned(One, 10_000, 10));
        _clock.Advance(TimeSpan.FromSeconds(4));
        Commit(tracker, One, 1000);

        Assert.Equal(250, tracker.Read().BarsPerSecond!.Value, 6);
    }

    [Fact]
    public void Bars_that_cost_no_request_are_done_but_not_speed()
    {
        BackfillProgressTracker tracker = Tracker(1);
        Plan(tracker, One, bars: 1_002_000, requests: 2);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Commit(tracker, One, 1_000_000, requests: 0);
        Commit(tracker, One, 1000);

        BackfillProgress progress = tracker.Read();
        Assert.Equal(1_001_000, progress.BarsDone);
        Assert.Equal(200, progress.BarsPerSecond!.Value, 6);
        Assert.Equal(5, progress.TimeLeft!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void Small_pages_count_as_much_as_full_ones_for_the_time_left()
    {
        BackfillProgressTracker tracker = Tracker(1);
        Plan(tracker, One, bars: 4010, requests: 14);
        for (int page = 0; page < 4; page++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Commit(tracker, One, 1000);
        }

        Assert.Equal(10, tracker.Read().TimeLeft!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void The_whole_s_time_left_is_unknown_while_a_stream_is_not_planned()
    {
        BackfillProgressTracker tracker = Tracker(2);
        Plan(tracker, One, bars: 2000, requests: 2);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Commit(tracker, One, 1000);

        BackfillProgress before = tracker.Read();
        Assert.Null(before.TimeLeft);
        Assert.Null(before.BarsPlanned);
        Assert.NotNull(before.Active[0].TimeLeft);

        Plan(tracker, Two, bars: 1000, requests: 1);
        BackfillProgress after = tracker.Read();
        Assert.Equal(6, after.TimeLeft!.Value.TotalSeconds, 6);
        Assert.Equal(3000, after.BarsPlanned);
    }

    [Fact]
    public void The_whole_s_fraction_never_goes_back()
    {
        BackfillProgressTracker tracker = Tracker(2);
        double before = 0;
        foreach (StreamKey stream in new[] { One, Two })
        {
            Plan(tracker, stream, bars: 5000, requests: 5);
            Check();
            for (int page = 0; page < 3; page++)
            {
                Commit(tracker, stream, 1000);
                Check();
            }

            tracker.Add(new BackfillEnded(stream, "s", TimeSpan.Zero));
            Check();
        }

        Assert.Equal(1, before);

        void Check()
        {
            double now = tracker.Read().Fraction;
            Assert.True(now >= before, $"{now} after {before}");
            before = now;
        }
    }

    [Fact]
    public void What_a_failed_stream_did_not_do_is_not_waited_for()
    {
        BackfillProgressTracker tracker = Tracker(2);
        Plan(tracker, One, bars: 50_000, requests: 50);
        Plan(tracker, Two, bars: 4000, requests: 4);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Commit(tracker, One, 1000);
        Commit(tracker, Two, 1000);
        tracker.Add(new BackfillEnded(One, "s", TimeSpan.Zero));

        BackfillProgress progress = tracker.Read();
        Assert.Equal((5000, 2000, 1), (progress.BarsPlanned, progress.BarsDone, progress.StreamsEnded));
        Assert.Equal(3, progress.TimeLeft!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void A_stream_that_ends_without_a_plan_keeps_nobody_in_the_dark()
    {
        BackfillProgressTracker tracker = Tracker(2);
        tracker.Add(new BackfillStarted(One, "s", 1));
        tracker.Add(new BackfillEnded(One, "s", TimeSpan.Zero));
        Plan(tracker, Two, bars: 2000, requests: 2);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Commit(tracker, Two, 1000);

        Assert.Equal(3, tracker.Read().TimeLeft!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void What_is_waited_for_is_told_until_it_goes_on()
    {
        BackfillProgressTracker tracker = Tracker(1);
        Plan(tracker, One, bars: 2000, requests: 2);

        tracker.Add(new BackfillRetrying(One, Page, 2, TimeSpan.FromSeconds(1.5), new SourceException("busy")));
        Assert.Equal("retry 2 in 1.5 s: busy", tracker.Read().Active[0].Waiting);

        tracker.Add(new BackfillSourceAsked(One, "s", Page, TimeSpan.Zero, null));
        Assert.Null(tracker.Read().Active[0].Waiting);

        tracker.Add(new BackfillWaiting(One, "binance", TimeSpan.FromSeconds(1)));
        Assert.Equal("waiting for the rate limit of binance", tracker.Read().Active[0].Waiting);

        Commit(tracker, One, 1000);
        Assert.Null(tracker.Read().Active[0].Waiting);
    }

    private static void Plan(BackfillProgressTracker tracker, StreamKey stream, long bars, long requests)
    {
        tracker.Add(new BackfillStarted(stream, "s", 1));
        tracker.Add(new BackfillPlanned(stream, bars, requests));
    }

    private static void Commit(BackfillProgressTracker tracker, StreamKey stream, long bars, int requests = 1) =>
        tracker.Add(new BackfillPageCommitted(stream, Page, bars, 0, bars, 60) { Requests = requests });

    private BackfillProgressTracker Tracker(int streams) => new(streams, _clock);
}
