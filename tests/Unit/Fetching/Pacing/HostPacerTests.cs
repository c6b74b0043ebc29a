using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Pacing;

public class HostPacerTests
{
    private const long Start = 1_704_067_200;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly StreamKey Bitcoin = new("BTCUSDT", BarInterval.Parse("1m"));
    private static readonly TimeRange OneBar = new(Start, Start);

    private readonly EventClock _clock = new(DateTimeOffset.FromUnixTimeSeconds(Start));
    private readonly FakeTimeProvider _fast = new(DateTimeOffset.FromUnixTimeSeconds(Start + 86_400));
    private readonly HostPacer _pacer;

    // Each test has a clock of its own, and so a pacer of its own.
    public HostPacerTests() => _pacer = HostPacer.For(new Uri("http://paced.example"), _clock);

    [Fact]
    public void A_host_has_one_pacer_whatever_the_path()
    {
        HostPacer pacer = HostPacer.For(new Uri("https://api.example.com/a"), _clock);

        Assert.Same(pacer, HostPacer.For(new Uri("https://API.example.com:443/b?c"), _clock));
        Assert.NotSame(pacer, HostPacer.For(new Uri("https://api.example.com:444/a"), _clock));
        Assert.NotSame(pacer, HostPacer.For(new Uri("http://api.example.com/a"), _clock));
        Assert.NotSame(pacer, HostPacer.For(new Uri("https://api.example.com/a")));
    }

    [Fact]
    public void Nothing_waits_while_less_than_half_of_the_weight_is_used()
    {
        Use(Cost(100), 25);

        Assert.Equal(TimeSpan.Zero, _pacer.TotalWait);
    }

    [Fact]
    public void The_rest_of_the_minute_is_spread_over_the_weight_that_is_left()
    {
        double[] starts = Use(Cost(100), 200);

        // 25 at once, then the rest of the usable weight (95) over the minute; from then on all evenly.
        Assert.Equal(25, starts.Count(start => start == 0));
        Assert.InRange(starts.Count(start => start < 60), 44, 48);
        Assert.All(Gaps(starts).Skip(25), gap => Assert.InRange(gap, 0, 4));
        Assert.InRange(starts[^1], 4 * 60 * 0.9, 4 * 60 * 1.1);
    }

    // Half at once, and after that one about every two seconds, which is what the limit means.
    [Fact]
    public void Thirty_a_minute_is_no_burst_and_a_long_pause()
    {
        double[] starts = Use(new(1, [new() { Weight = 30, Per = Minute }]), 100);

        Assert.Equal(15, starts.Count(start => start == 0));
        Assert.All(Gaps(starts), gap => Assert.InRange(gap, 0, 4.2));
        Assert.InRange(starts[^1], 150, 215);
    }

    [Fact]
    public void One_request_a_second_goes_each_second()
    {
        double[] starts = Use(new(1, [new() { Weight = 1, Per = TimeSpan.FromSeconds(1) }]), 20);

        Assert.All(Gaps(starts), gap => Assert.InRange(gap, 1.0009, 1.0011));
    }

    [Fact]
    public void A_request_that_costs_more_than_the_limit_goes_alone()
    {
        double[] starts = Use(new(20, [new() { Weight = 6, Per = TimeSpan.FromSeconds(2) }]), 5);

        Assert.All(Gaps(starts), gap => Assert.InRange(gap, 2.0009, 2.0011));
    }

    [Theory]
    [InlineData("X-Used", "99", 60)]
    [InlineData("X-Remaining", "2", 60)]
    [InlineData("X-Remaining", "0", 60)]
    [InlineData("X-Remaining", "-1", 0)]
    [InlineData("X-Used", "1e30", 0)]
    [InlineData("X-Used", "999999999999999999999999999999", 60)]
    [InlineData("X-Used", "NaN", 0)]
    [InlineData("X-Used", "", 0)]
    [InlineData("X-Remaining", "Infinity", 0)]
    [InlineData("X-Remaining", "99999999", 0)]
    public void A_host_that_says_it_is_used_by_others_too_is_believed_for_one_window_at_most(string header, string value, int seconds)
    {
        RequestCost cost = new(1, [new() { Weight = 100, Per = Minute, UsedHeader = "X-Used", RemainingHeader = "X-Remaining" }]);

        Assert.Equal(seconds, Math.Round(AfterAnswer(cost, (header, value)).TotalSeconds));
    }

    [Fact]
    public void A_count_of_others_is_gone_when_the_hosts_window_ends()
    {
        var limit = new RateLimit { Weight = 100, Per = Minute, RemainingHeader = "X-Remaining", ResetHeader = "X-Reset" };
        RequestCost cost = new(1, [limit with { ResetUnit = ResetUnit.Milliseconds }]);

        Assert.InRange(AfterAnswer(cost, ("X-Remaining", "0"), ("X-Reset", "7000")).TotalSeconds, 7, 7.01);
    }

    [Theory]
    [InlineData(ResetUnit.Seconds, "7", 7.0)]
    [InlineData(ResetUnit.Seconds, "0.25", 0.25)]
    [InlineData(ResetUnit.Milliseconds, "700", 0.7)]
    [InlineData(ResetUnit.EpochSeconds, "1704067207", 7.0)]
    [InlineData(ResetUnit.EpochMilliseconds, "1704067207000", 7.0)]
    [InlineData(ResetUnit.EpochSeconds, "1704067207000", 7.0)]
    [InlineData(ResetUnit.EpochMilliseconds, "1704067207", 7.0)]
    [InlineData(ResetUnit.Seconds, "7000", 7.0)]
    [InlineData(ResetUnit.Seconds, "0", null)]
    [InlineData(ResetUnit.Seconds, "-7", null)]
    [InlineData(ResetUnit.Seconds, "99999999", null)]
    [InlineData(ResetUnit.Seconds, "1e30", null)]
    [InlineData(ResetUnit.Seconds, "999999999999999999999999999999999999999", null)]
    [InlineData(ResetUnit.Seconds, "NaN", null)]
    [InlineData(ResetUnit.Seconds, "-Infinity", null)]
    [InlineData(ResetUnit.Seconds, "soon", null)]
    [InlineData(ResetUnit.EpochSeconds, "1704067200", null)]
    [InlineData(ResetUnit.EpochSeconds, "1704060000", null)]
    [InlineData(ResetUnit.EpochSeconds, "253402300799", null)]
    [InlineData(ResetUnit.EpochMilliseconds, "7", null)]
    public void The_end_of_the_hosts_window_is_read_in_every_unit_and_nonsense_is_not(ResetUnit unit, string value, double? seconds)
    {
        var limit = new RateLimit { Weight = 100, Per = Minute, ResetHeader = "X-Reset", ResetUnit = unit };

        Assert.Equal(seconds, limit.ReadReset(Answer(("X-Reset", value)), _clock.GetUtcNow())?.TotalSeconds);
    }

    [Fact]
    public void An_instant_is_compared_with_the_hosts_own_clock()
    {
        var limit = new RateLimit { Weight = 1, Per = Minute, ResetHeader = "X-Reset", ResetUnit = ResetUnit.EpochSeconds };

        TimeSpan? reset = limit.ReadReset(Answer(("Date", "Tue, 02 Jan 2024 01:00:00 GMT"), ("X-Reset", "1704157230")), _clock.GetUtcNow());

        Assert.Equal(TimeSpan.FromSeconds(30), reset);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(-1, 1000)]
    [InlineData(1, 0)]
    [InlineData(1, -1000)]
    [InlineData(1, 0.5)]
    [InlineData(1, 86_400_001)]
    public void A_limit_that_is_none_is_refused(int weight, double milliseconds)
    {
        Exception? error = Record.Exception(() => new RateLimit { Weight = weight, Per = TimeSpan.FromMilliseconds(milliseconds) });

        Assert.Contains(" of a rate limit is ", Assert.IsType<ArgumentOutOfRangeException>(error).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_of_one_path_holds_no_request_of_another_back() => _clock.Play(async () =>
    {
        RequestCost first = new(1, [new() { Weight = 1, Per = Minute, Scope = "/candles" }]);
        RequestCost second = new(1, [new() { Weight = 1, Per = Minute, Scope = "/history-candles" }]);
        (await WaitAsync(first)).Dispose();
        Task<HostPacer.Turn> held = WaitAsync(first);

        (await WaitAsync(second)).Dispose();

        Assert.Equal((false, TimeSpan.Zero), (held.IsCompleted, _clock.Elapsed));
        (await held).Dispose();
        Assert.Equal(60, Math.Round(_clock.Elapsed.TotalSeconds));
    });

    // Without its place in the row, the one that needs the whole window would wait for ever for the others to leave it.
    [Fact]
    public void A_request_of_a_profile_with_a_lower_limit_is_not_overtaken() => _clock.Play(async () =>
    {
        RequestCost low = new(1, [new() { Weight = 2, Per = TimeSpan.FromSeconds(1) }]);
        RequestCost high = new(1, [new() { Weight = 100, Per = TimeSpan.FromSeconds(5) }]);
        for (int i = 0; i < 10; i++)
        {
            (await WaitAsync(high)).Dispose();
        }

        Task<HostPacer.Turn> first = WaitAsync(low);
        Task<HostPacer.Turn> second = WaitAsync(high);

        Assert.False(first.IsCompleted || second.IsCompleted);
        (await second).Dispose();
        Assert.True(first.IsCompletedSuccessfully);
        Assert.InRange(_clock.Elapsed.TotalSeconds, 1, 1.2);
    });

    [Fact]
    public async Task One_that_gives_up_leaves_its_place_to_those_behind_it()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://paced.example"), _fast);
        using var cancellation = new CancellationTokenSource();
        RequestCost heavy = new(10, [new() { Weight = 10, Per = Minute }]);
        RequestCost light = new(1, heavy.Limits);
        (await pacer.WaitAsync(light, LongestPause, null, CancellationToken.None)).Dispose();
        Task<HostPacer.Turn> first = pacer.WaitAsync(heavy, LongestPause, null, cancellation.Token).AsTask();
        Task<HostPacer.Turn> second = pacer
            .WaitAsync(heavy, LongestPause, _ => throw new InvalidTimeZoneException(), CancellationToken.None).AsTask();
        Task<HostPacer.Turn> third = pacer.WaitAsync(light, LongestPause, null, CancellationToken.None).AsTask();

        Assert.False(third.IsCompleted);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => second);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _fast.Advance(TimeSpan.FromSeconds(1));
        (await third).Dispose();
    }

    [Fact]
    public async Task A_pause_holds_every_request_back_and_can_be_cancelled()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://paced.example"), _fast);
        var waits = new List<TimeSpan>();
        using var cancellation = new CancellationTokenSource();
        pacer.Pause(TimeSpan.FromSeconds(30));
        pacer.Pause(TimeSpan.FromSeconds(10));

        Task<HostPacer.Turn> first = pacer.WaitAsync(Cost(6000), LongestPause, waits.Add, CancellationToken.None).AsTask();
        Task<HostPacer.Turn> second = pacer.WaitAsync(Cost(6000), LongestPause, waits.Add, cancellation.Token).AsTask();
        _fast.Advance(TimeSpan.FromSeconds(29));
        Assert.False(first.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);

        _fast.Advance(TimeSpan.FromSeconds(1));
        (await first).Dispose();
        Assert.Equal([TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)], waits);
        Assert.Equal(TimeSpan.FromSeconds(60), pacer.TotalWait);
    }

    [Fact]
    public void A_pause_longer_than_is_waited_for_fails_at_once_with_the_time_that_is_left() => _clock.Play(async () =>
    {
        _pacer.Pause(TimeSpan.FromHours(3));
        await Task.Delay(TimeSpan.FromHours(1), _clock);

        var error = await Assert.ThrowsAsync<SourceException>(() => WaitAsync(Cost(6000)));

        Assert.Equal((true, TimeSpan.FromHours(2)), (error.IsTransient, error.RetryAfter));
        Assert.Contains("2024-01-01T03:00:00Z", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_pause_that_nobody_means_holds_for_an_hour() => _clock.Play(async () =>
    {
        _pacer.Pause(TimeSpan.MaxValue);

        var error = await Assert.ThrowsAsync<SourceException>(() => WaitAsync(Cost(100)));
        await Task.Delay(TimeSpan.FromHours(1), _clock);

        Assert.Equal(TimeSpan.FromHours(1), error.RetryAfter);
        (await WaitAsync(Cost(100))).Dispose();
        Assert.Equal(TimeSpan.FromHours(1), _clock.Elapsed);
    });

    [Theory]
    [InlineData(429)]
    [InlineData(418)]
    public async Task After_a_refusal_no_request_of_any_fetcher_goes_out_until_the_exchange_allows_it(int status)
    {
        await using SimulatedExchange exchange = Exchange(weightPerMinute: 6000);
        HttpFetcher[] fetchers = [Fetcher(exchange, 6000), Fetcher(exchange, 6000)];
        exchange.Faults.Enqueue(SimulatedFault.Status(status, TimeSpan.FromSeconds(45)));
        await Assert.ThrowsAsync<SourceException>(() => fetchers[0].FetchAsync(Bitcoin, OneBar, CancellationToken.None));

        Task<RawBars>[] others = [.. fetchers.Select(fetcher => fetcher.FetchAsync(Bitcoin, OneBar, CancellationToken.None))];
        await FinishAsync(Task.WhenAll(others));

        DateTimeOffset refused = exchange.Requests[0].Time;
        Assert.Equal(3, exchange.RequestCount);
        Assert.All(exchange.Requests.Skip(1), request => Assert.True(request.Time >= refused.AddSeconds(45)));
    }

    [Fact]
    public async Task A_busy_fetcher_stays_below_the_ceiling_of_the_exchange()
    {
        await using SimulatedExchange exchange = Exchange(weightPerMinute: 60);
        HttpFetcher fetcher = Fetcher(exchange, 60);
        var waits = new ConcurrentBag<TimeSpan>();

        await FinishAsync(Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            for (int i = 0; i < 30; i++)
            {
                await fetcher.FetchPacedAsync(Bitcoin, OneBar, waits.Add, CancellationToken.None);
            }
        })));

        Assert.Equal(90, exchange.RequestCount);
        Assert.All(exchange.Requests, request => Assert.Equal(200, request.Status));
        Assert.NotEmpty(waits);
        Assert.Equal(waits.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait), HostPacer.For(exchange.BaseUri, _fast).TotalWait);
    }

    private static RequestCost Cost(int weightPerMinute) =>
        new(2, [new() { Weight = weightPerMinute, Per = Minute, UsedHeader = "X-MBX-USED-WEIGHT-1M" }]);

    private static IEnumerable<double> Gaps(double[] starts) => starts.Zip(starts.Skip(1), (a, b) => b - a);

    private static HttpResponseMessage Answer(params (string Name, string Value)[] headers)
    {
        var answer = new HttpResponseMessage();
        Array.ForEach(headers, header => answer.Headers.TryAddWithoutValidation(header.Name, header.Value));
        return answer;
    }

    private Task<HostPacer.Turn> WaitAsync(RequestCost cost) =>
        _pacer.WaitAsync(cost, LongestPause, null, CancellationToken.None).AsTask();

    // When each of as many requests, one after the other, starts.
    private double[] Use(RequestCost cost, int times)
    {
        double[] starts = new double[times];
        _clock.Play(async () =>
        {
            for (int i = 0; i < times; i++)
            {
                (await WaitAsync(cost)).Dispose();
                starts[i] = _clock.Elapsed.TotalSeconds;
            }
        });
        return starts;
    }

    // How long a request waits after another one was answered so.
    private TimeSpan AfterAnswer(RequestCost cost, params (string Name, string Value)[] headers)
    {
        _clock.Play(async () =>
        {
            using (HostPacer.Turn turn = await WaitAsync(cost))
            {
                turn.Answered(Answer(headers));
            }

            (await WaitAsync(cost)).Dispose();
        });
        return _clock.Elapsed;
    }

    private SimulatedExchange Exchange(int weightPerMinute) =>
        SimulatedExchange.Start(
            new() { Markets = [new GeneratedMarket("BTCUSDT")], TimeProvider = _fast, WeightPerMinute = weightPerMinute });

    private HttpFetcher Fetcher(SimulatedExchange exchange, int weightPerMinute)
    {
        var options = new HttpFetcherOptions
        {
            BaseUri = exchange.BaseUri,
            Limits = Cost(weightPerMinute).Limits,
            RequestTimeout = TimeSpan.FromDays(1),
        };
        return ExchangeCatalog.Get("binance").CreateFetcher(options, _fast);
    }

    // Lets the clock run fast while real requests come and go.
    private async Task FinishAsync(Task work)
    {
        while (!work.IsCompleted)
        {
            _fast.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(1);
        }

        await work;
    }
}
