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

namespace Qmtl.Unit.Fetching.Pacing;

public class HostPacerTests
{
    private const long Start = 1_704_067_200;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly StreamKey Bitcoin = new("BTCUSDT", BarInterval.Parse("1m"));
    private static readonly TimeRange OneBar = new(Start, Start);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(Start + 86_400));

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
    public async Task Nothing_waits_while_less_than_half_of_the_weight_is_used()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://free.example"), _clock);

        await UseAsync(pacer, ceiling: 100, times: 25);

        Assert.Equal(TimeSpan.Zero, pacer.TotalWait);
    }

    [Fact]
    public async Task The_rest_of_the_minute_is_spread_over_the_weight_that_is_left()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://spread.example"), _clock);
        var starts = new List<double>();

        await UseAsync(pacer, ceiling: 100, times: 60, starts);

        // 25 at once, then the rest of the usable weight (95) over the minute, and no more than that before the next one.
        Assert.Equal(25, starts.Count(start => start == 0));
        int inFirstMinute = starts.Count(start => start < 60);
        Assert.InRange(inFirstMinute, 44, 47);
        double[] gaps = [.. starts.Take(inFirstMinute).Skip(25).Zip(starts.Skip(25).Skip(1), (a, b) => b - a)];
        Assert.All(gaps, gap => Assert.InRange(gap, 1, 8));
    }

    [Fact]
    public async Task A_host_that_says_it_is_used_by_others_too_is_believed()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://shared.example"), _clock);
        using (HostPacer.Turn turn = await pacer.WaitAsync(2, 100, LongestPause, null, CancellationToken.None))
        {
            turn.UsedWeight = 99;
        }

        ValueTask<HostPacer.Turn> next = pacer.WaitAsync(2, 100, LongestPause, null, CancellationToken.None);

        Assert.False(next.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(60));
        (await next).Dispose();
    }

    [Fact]
    public async Task A_pause_holds_every_request_back_and_can_be_cancelled()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://paused.example"), _clock);
        var waits = new List<TimeSpan>();
        using var cancellation = new CancellationTokenSource();
        pacer.Pause(TimeSpan.FromSeconds(30));
        pacer.Pause(TimeSpan.FromSeconds(10));

        Task<HostPacer.Turn> first = pacer.WaitAsync(2, 6000, LongestPause, waits.Add, CancellationToken.None).AsTask();
        Task<HostPacer.Turn> second = pacer.WaitAsync(2, 6000, LongestPause, waits.Add, cancellation.Token).AsTask();
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(first.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);

        _clock.Advance(TimeSpan.FromSeconds(1));
        (await first).Dispose();
        Assert.Equal([TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)], waits);
        Assert.Equal(TimeSpan.FromSeconds(60), pacer.TotalWait);
    }

    [Fact]
    public async Task A_pause_longer_than_is_waited_for_fails_at_once_with_the_time_that_is_left()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://banned.example"), _clock);
        pacer.Pause(TimeSpan.FromHours(3));
        _clock.Advance(TimeSpan.FromHours(1));

        var error = await Assert.ThrowsAsync<SourceException>(() => pacer.WaitAsync(2, 6000, LongestPause, null, CancellationToken.None).AsTask());

        Assert.Equal((true, TimeSpan.FromHours(2)), (error.IsTransient, error.RetryAfter));
        Assert.Contains("2024-01-02T03:00:00Z", error.Message, StringComparison.Ordinal);
    }

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
        Assert.Equal(waits.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait), HostPacer.For(exchange.BaseUri, _clock).TotalWait);
    }

    private SimulatedExchange Exchange(int weightPerMinute) =>
        SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")], TimeProvider = _clock, WeightPerMinute = weightPerMinute });

    private HttpFetcher Fetcher(SimulatedExchange exchange, int weightPerMinute) =>
        ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = exchange.BaseUri, WeightPerMinute = weightPerMinute, RequestTimeout = TimeSpan.FromDays(1) }, _clock);

    private async Task UseAsync(HostPacer pacer, int ceiling, int times, List<double>? starts = null)
    {
        DateTimeOffset began = _clock.GetUtcNow();
        for (int i = 0; i < times; i++)
        {
            Task<HostPacer.Turn> turn = pacer.WaitAsync(2, ceiling, LongestPause, null, CancellationToken.None).AsTask();
            while (!turn.IsCompleted)
            {
                _clock.Advance(TimeSpan.FromSeconds(0.1));
            }

            (await turn).Dispose();
            starts?.Add((_clock.GetUtcNow() - began).TotalSeconds);
        }
    }

    // Lets the clock run fast while real requests come and go.
    private async Task FinishAsync(Task work)
    {
        while (!work.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(0.5));
            await Task.Delay(1);
        }

        await work;
    }
}
