using Microsoft.Extensions.Time.Testing;
using Qmtl.Telemetry.Progress;

namespace Qmtl.Unit.Logging;

public sealed class RateEstimatorTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly RateEstimator _estimator;

    public RateEstimatorTests() => _estimator = new RateEstimator(_clock);

    [Fact]
    public void Nothing_is_known_before_anything_is_done()
    {
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(_estimator.PerSecond);
        Assert.Null(_estimator.TimeFor(10));
    }

    [Fact]
    public void Nothing_is_known_in_the_first_two_seconds()
    {
        Run(seconds: 1.5, every: 0.5, units: 25);
        Assert.Null(_estimator.PerSecond);

        Run(seconds: 0.5, every: 0.5, units: 25);
        Assert.Equal(50, _estimator.PerSecond!.Value, 6);
    }

    [Fact]
    public void What_is_nothing_takes_no_time_at_any_rate() => Assert.Equal(TimeSpan.Zero, _estimator.TimeFor(0));

    [Fact]
    public void At_a_steady_pace_rate_and_time_left_are_exact_throughout()
    {
        double left = 10_000;
        Run(seconds: 3, every: 1, units: 20);
        for (int second = 0; second < 200; second++)
        {
            Run(seconds: 1, every: 1, units: 20);
            left -= 20;
            Assert.Equal(20, _estimator.PerSecond!.Value, 6);
            Assert.Equal(left / 20, _estimator.TimeFor(left)!.Value.TotalSeconds, 3);
        }
    }

    [Fact]
    public void A_new_pace_has_taken_over_after_the_window()
    {
        Run(seconds: 300, every: 1, units: 100);
        Run(seconds: 21, every: 1, units: 10);

        Assert.Equal(10, _estimator.PerSecond!.Value, 6);
    }

    [Fact]
    public void One_large_step_among_small_ones_does_not_turn_the_estimate_over()
    {
        Run(seconds: 60, every: 0.5, units: 50);
        _estimator.Add(500);

        Assert.InRange(_estimator.PerSecond!.Value, 100, 130);
    }

    [Fact]
    public void Uneven_steps_give_a_time_left_that_falls_without_jumps()
    {
        // Seven seconds a page, and every third takes twice that: fewer than eight steps would fall into 20 seconds.
        double left = 300;
        TimeSpan? before = null;
        for (int page = 0; page < 200; page++)
        {
            Run(seconds: page % 3 == 0 ? 14 : 7, every: page % 3 == 0 ? 14 : 7, units: 1);
            left--;
            TimeSpan? now = _estimator.TimeFor(left);
            if (page > 10)
            {
                Assert.InRange(now!.Value / before!.Value, 0.85, 1.15);
            }

            before = now;
        }
    }

    [Fact]
    public void Between_two_steps_the_rate_stands_and_the_time_left_counts_down()
    {
        Run(seconds: 60, every: 5, units: 1);
        for (int second = 0; second < 5; second++)
        {
            Assert.Equal(0.2, _estimator.PerSecond!.Value, 6);
            Assert.Equal(50 - second, _estimator.TimeFor(10)!.Value.TotalSeconds, 6);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void While_nothing_comes_the_time_left_grows()
    {
        Run(seconds: 60, every: 1, units: 10);
        TimeSpan before = _estimator.TimeFor(1000)!.Value;

        _clock.Advance(TimeSpan.FromSeconds(60));

        Assert.True(_estimator.TimeFor(1000) > 3 * before);
    }

    [Fact]
    public void Pages_committed_in_one_instant_are_one_step()
    {
        for (int commit = 0; commit < 10; commit++)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            for (int page = 0; page < 30; page++)
            {
                _estimator.Add(1);
            }
        }

        Assert.Equal(3, _estimator.PerSecond!.Value, 6);
    }

    [Fact]
    public void A_time_beyond_all_bounds_is_not_known()
    {
        Run(seconds: 10, every: 1, units: 0.001);

        Assert.Null(_estimator.TimeFor(1e300));
    }

    private void Run(double seconds, double every, double units)
    {
        for (double at = every; at <= seconds + 1e-9; at += every)
        {
            _clock.Advance(TimeSpan.FromSeconds(every));
            _estimator.Add(units);
        }
    }
}
