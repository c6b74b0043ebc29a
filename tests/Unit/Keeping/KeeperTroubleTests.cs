using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Simulation.Faults;
using Qmtl.Time;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Keeping;

public sealed class KeeperTroubleTests : KeeperTestBase
{
    private const long Noon = NewYear + (12 * 3600);

    [Fact]
    public async Task A_source_that_is_down_is_asked_again_ever_more_seldom_and_loses_nothing()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT", "ETHUSDT");
        KeptSource source = Source(exchange);
        Start(Declare(Kept("BTCUSDT", source, start: Noon - 3600), Kept("ETHUSDT", source, start: Noon - 3600)));
        await PassAsync(TimeSpan.FromMinutes(3));
        exchange.Faults.Rule = _ => SimulatedFault.ConnectionReset;
        int before = exchange.Requests.Count;

        await PassAsync(TimeSpan.FromHours(1));

        // Where a connection breaks before an answer begins, .NET itself asks again at once.
        DateTimeOffset[] tries = [.. exchange.Requests.Skip(before).Select(request => request.Time).Distinct()];
        TimeSpan[] pauses = [.. tries.Zip(tries.Skip(1), (one, next) => next - one)];
        Assert.InRange(tries.Length, 12, 40);
        Assert.True(pauses[^1] > TimeSpan.FromMinutes(3) && pauses[^1] <= TimeSpan.FromSeconds(301), $"The last pause was {pauses[^1]}.");
        Assert.Single(Keeper!.Troubles);
        Assert.Single(Log.Named("keep.away"), logged => logged.Level == Microsoft.Extensions.Logging.LogLevel.Warning);

        exchange.Faults.Clear();
        await UntilAsync(() => Keeper.Troubles.Count == 0, mostSeconds: 400);
        await PassAsync(TimeSpan.FromMinutes(1));

        Assert.Single(Log.Named("keep.back"));
        long last = Minute.LastClosedBar(Clock.GetUtcNow() - TimeSpan.FromSeconds(3));
        await AssertCompleteAsync(exchange, "BTCUSDT", Noon - 3600, last);
        await AssertCompleteAsync(exchange, "ETHUSDT", Noon - 3600, last);
    }

    [Fact]
    public async Task History_goes_on_when_its_source_is_back_though_no_bar_is_due_for_days()
    {
        bool isAway = true;
        var source = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = (asked, _, honest, _) => isAway && asked.End < NewYear - (50 * 86_400)
                ? Task.FromException<RawBars>(new HttpRequestException("away"))
                : Task.FromResult(honest),
        };
        var days = new StreamKey("BTCUSDT", BarInterval.FromSeconds(86_400));
        Start(Declare(Kept("x", new KeptSource { Name = "s", Opened = source }, start: NewYear - (300L * 86_400)) with { Stream = days }));
        await UntilAsync(() => Keeper!.Troubles.Count > 0);

        isAway = false;
        await PassAsync(TimeSpan.FromMinutes(10));

        Assert.Empty(Keeper!.Troubles);
        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        Assert.Equal(300, (await store.GetCoverageAsync(days)).BarCount);
    }

    [Fact]
    public async Task History_that_failed_by_a_fault_of_its_own_is_tried_again_within_hours()
    {
        bool isWrong = true;
        var source = new ScriptedFetcher
        {
            BarsPerRequest = 10,
            Answer = (asked, _, honest, _) => isWrong && asked.End < NewYear - (50 * 86_400)
                ? Task.FromException<RawBars>(new SourceException("nonsense"))
                : Task.FromResult(honest),
        };
        var days = new StreamKey("BTCUSDT", BarInterval.FromSeconds(86_400));
        Start(Declare(Kept("x", new KeptSource { Name = "s", Opened = source }, start: NewYear - (300L * 86_400)) with { Stream = days }));
        await PassAsync(TimeSpan.FromMinutes(10));
        int asked = source.Asked.Count;
        Assert.InRange(asked, 2, 20);

        isWrong = false;
        await PassAsync(TimeSpan.FromHours(1));

        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        Assert.Equal(300, (await store.GetCoverageAsync(days)).BarCount);
    }

    [Fact]
    public async Task A_clock_that_was_ahead_and_is_set_back_holds_up_nothing()
    {
        var honest = new SlowClock(Clock);
        await using var exchange = new ChangingExchange(honest, "BTCUSDT");
        DateTimeOffset now = Clock.GetUtcNow();
        honest.Behind = TimeSpan.FromDays(1);
        Clock.AdjustTime(now + honest.Behind);
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: Noon - 3600)));
        await PassAsync(TimeSpan.FromMinutes(20));

        honest.Behind = TimeSpan.Zero;
        Clock.AdjustTime(Clock.GetUtcNow() - TimeSpan.FromDays(1));
        await PassAsync(TimeSpan.FromMinutes(5));

        Assert.Null(Keeper!.WhyNotLive());
        await AssertCompleteAsync(exchange, "BTCUSDT", Noon - 3600, Minute.LastClosedBar(Clock.GetUtcNow() - TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task A_source_that_hangs_holds_up_nobody_else()
    {
        await using ChangingExchange well = StartExchange("BTCUSDT");
        var hanging = new ScriptedFetcher { Answer = async (_, _, honest, token) => { await Task.Delay(Timeout.Infinite, token); return honest; } };
        Start(Declare(
            Kept("BTCUSDT", Source(well), start: Noon - 3600),
            Kept("STUCK", new KeptSource { Name = "stuck", Opened = hanging }, start: Noon - 3600)));

        // The hanging one is always under way, so that the keeper never rests: the other's answers say how far it is.
        for (int minute = 1; minute <= 5; minute++)
        {
            await BackfillWaitAsync(async () => (await StoredAsync("BTCUSDT")).LastOrDefault() == Noon + (60 * (minute - 2)));
            Clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Single(hanging.Asked);
    }

    [Fact]
    public async Task A_stream_that_its_source_does_not_know_holds_up_no_other_and_is_asked_for_ever_more_seldom()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        KeptSource source = Source(exchange);
        Start(Declare(Kept("BTCUSDT", source, start: Noon - 3600), Kept("NOSUCH", source, start: Noon - 3600)));

        await PassAsync(TimeSpan.FromMinutes(20));

        Assert.InRange(exchange.Requests.Count(request => request.Symbol == "NOSUCH"), 5, 20);
        Assert.Empty(Keeper!.Troubles);
        await AssertCompleteAsync(exchange, "BTCUSDT", Noon - 3600, Minute.LastClosedBar(Clock.GetUtcNow() - TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task A_store_that_is_down_is_tried_again_and_another_goes_on()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT", "ETHUSDT");
        KeptSource source = Source(exchange);
        bool isDown = false;
        var store = new InMemoryHistoryStore
        {
            BeforeWrite = (_, _) => isDown ? throw new StoreException("The server is restarting.") { IsTransient = true } : Task.CompletedTask,
        };
        var down = new KeptStore { Name = "down", Opened = store };
        Start(Declare(
            Kept("BTCUSDT", source, start: Noon - 600, compare: 0),
            Kept("ETHUSDT", source, start: Noon - 600, compare: 0, store: down)));
        await PassAsync(TimeSpan.FromMinutes(2));
        isDown = true;

        await PassAsync(TimeSpan.FromMinutes(10));

        Assert.Equal(["The server is restarting."], Keeper!.Troubles);
        Assert.Equal(10 + 2, store.Stored(Key("ETHUSDT")).Length);
        Assert.Equal(10 + 12, (await StoredAsync("BTCUSDT")).Length);
        isDown = false;
        await UntilAsync(() => Keeper.Troubles.Count == 0, mostSeconds: 400);
        await PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((await StoredAsync("BTCUSDT")).Length, store.Stored(Key("ETHUSDT")).Length);
    }

    [Fact]
    public async Task What_a_source_asks_for_is_kept_to_where_it_is_longer()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        Start(Declare(Kept("BTCUSDT", new KeptSource
        {
            Name = "banned",
            Opened = new ScriptedFetcher
            {
                Answer = (_, number, honest, _) => number == 1
                    ? throw new SourceException("You are banned.") { IsTransient = true, RetryAfter = TimeSpan.FromMinutes(30) }
                    : Task.FromResult(honest),
            },
        })));

        await PassAsync(TimeSpan.FromMinutes(29));
        Assert.Empty(await StoredAsync("BTCUSDT"));
        Assert.Null(Keeper!.WhyNotLive());
        await PassAsync(TimeSpan.FromMinutes(2));

        Assert.NotEmpty(await StoredAsync("BTCUSDT"));
    }

    private static async Task BackfillWaitAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class SlowClock(TimeProvider clock) : TimeProvider
    {
        public TimeSpan Behind { get; set; }

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() - Behind;
    }
}
