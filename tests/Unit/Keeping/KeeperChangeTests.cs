using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Time;

namespace Qmtl.Unit.Keeping;

public sealed class KeeperChangeTests : KeeperTestBase
{
    private const long Noon = NewYear + (12 * 3600);

    [Fact]
    public async Task A_late_bar_is_taken_when_it_comes()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        exchange.Hide("BTCUSDT", Noon);
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: Noon - 3600)));
        await PassAsync(TimeSpan.FromSeconds(45));
        Assert.DoesNotContain(Noon, await StoredAsync("BTCUSDT"));

        exchange.Show("BTCUSDT", Noon);
        await PassAsync(TimeSpan.FromSeconds(20));

        Assert.Contains(Noon, await StoredAsync("BTCUSDT"));
    }

    [Fact]
    public async Task A_bar_that_never_comes_is_known_to_be_empty_once_it_has_settled()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        exchange.Hide("BTCUSDT", Noon);
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: Noon - 3600)));

        await PassAsync(TimeSpan.FromMinutes(5));

        await AssertCompleteAsync(exchange, "BTCUSDT", Noon - 3600, Noon + (4 * 60));
        Assert.InRange(exchange.Requests.Count, 6, 30);
    }

    [Fact]
    public async Task A_revised_bar_is_replaced_with_its_trail_and_told()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: Noon - 3600, compare: 3)));
        await PassAsync(TimeSpan.FromMinutes(3));
        double close = exchange.Revise("BTCUSDT", Noon + 60);
        exchange.Revise("BTCUSDT", Noon - 600);

        await PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(close, await CloseOfAsync("BTCUSDT", Noon + 60));
        Assert.Equal(1, Outcomes.Sum(outcome => outcome.Result.BarsReplaced));
        await using IHistoryStore store = HistoryStoreFactory.Open(StorePath);
        List<BarRevision> trail = await store.ReadRevisionsAsync(Key("BTCUSDT")).ToListAsync();
        Assert.All(trail, entry => Assert.Equal(Noon + 60, entry.Timestamp));
        Assert.Contains(trail, entry => entry.Column == "close");
    }

    [Fact]
    public async Task A_hole_that_is_found_behind_is_filled_the_newest_first()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        await using (IHistoryStore store = HistoryStoreFactory.Open(StorePath))
        {
            var known = new TimeRange(NewYear - (3 * 86_400), NewYear - (2 * 86_400));
            var request = new BackfillRequest(store, Source(exchange).Open(), Key("BTCUSDT"), [known]);
            Assert.Null((await new BackfillEngine(timeProvider: Clock).RunAsync([request]).SingleAsync()).Error);
        }

        int before = exchange.Requests.Count;
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: NewYear - (4 * 86_400))));

        await PassAsync(TimeSpan.FromMinutes(1));

        await AssertCompleteAsync(exchange, "BTCUSDT", NewYear - (4 * 86_400), Noon - 60);
        Assert.DoesNotContain(exchange.Requests.Skip(before), request =>
            request.Start > NewYear - (3 * 86_400) && request.End < NewYear - (2 * 86_400));
    }

    [Fact]
    public async Task Another_declaration_is_taken_without_a_gap()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT", "ETHUSDT", "XRPUSDT");
        KeptSource source = Source(exchange);
        HistoryKeeper keeper = Start(Declare(Kept("BTCUSDT", source, start: Noon - 600), Kept("ETHUSDT", source, start: Noon - 600)));
        await PassAsync(TimeSpan.FromMinutes(2));
        int before = exchange.Requests.Count;

        keeper.Reload(Declare(Kept("BTCUSDT", source, start: Noon - 600), Kept("XRPUSDT", source, start: Noon - 600)));
        await PassAsync(TimeSpan.FromSeconds(10));

        // What stays is not asked for again, and what is new at once.
        Assert.All(exchange.Requests.Skip(before), request => Assert.Equal("XRPUSDT", request.Symbol));
        await PassAsync(TimeSpan.FromMinutes(3));
        long last = Minute.LastClosedBar(Clock.GetUtcNow() - TimeSpan.FromSeconds(3));
        await AssertCompleteAsync(exchange, "BTCUSDT", Noon - 600, last);
        await AssertCompleteAsync(exchange, "XRPUSDT", Noon - 600, last);
        Assert.Equal(Noon + 60, (await StoredAsync("ETHUSDT"))[^1]);
    }

    [Fact]
    public async Task A_declaration_that_is_wrong_changes_nothing()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        KeptStream kept = Kept("BTCUSDT", Source(exchange), start: Noon - 600);
        HistoryKeeper keeper = Start(Declare(kept));
        await PassAsync(TimeSpan.FromMinutes(1));

        Assert.Throws<ArgumentException>(() => keeper.Reload(Declare(kept with { Source = new KeptSource { Name = "none", Kind = "nosuch" } })));
        Assert.Throws<ArgumentException>(() => keeper.Reload(Declare(kept, kept)));
        await PassAsync(TimeSpan.FromMinutes(2));

        await AssertCompleteAsync(exchange, "BTCUSDT", Noon - 600, Noon + 120);
    }

    [Fact]
    public async Task An_earlier_start_brings_the_history_before()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        KeptStream kept = Kept("BTCUSDT", Source(exchange), start: Noon - 600);
        HistoryKeeper keeper = Start(Declare(kept));
        await PassAsync(TimeSpan.FromMinutes(1));

        keeper.Reload(Declare(kept with { Start = NewYear }));
        await PassAsync(TimeSpan.FromMinutes(1));

        await AssertCompleteAsync(exchange, "BTCUSDT", NewYear, Noon + 60);
    }

    [Fact]
    public async Task Whoever_waits_for_a_bar_is_told_when_it_is_stored()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        exchange.Hide("BTCUSDT", Noon);
        HistoryKeeper keeper = Start(Declare(Kept("BTCUSDT", Source(exchange), start: Noon - 600)));
        ValueTask<long> waiting = keeper.WaitForBarAfterAsync(Key("BTCUSDT"), Noon - 60);
        await PassAsync(TimeSpan.FromMinutes(1));
        Assert.False(waiting.IsCompleted);

        exchange.Show("BTCUSDT", Noon);
        await PassAsync(TimeSpan.FromMinutes(1));

        Assert.InRange(await waiting, Noon, Noon + 60);
        Assert.Equal(Noon + 60, await keeper.WaitForBarAfterAsync(Key("BTCUSDT"), Noon - 300));
        await Assert.ThrowsAsync<ArgumentException>(async () => await keeper.WaitForBarAfterAsync(Key("NOSUCH"), Noon));
        ValueTask<long> last = keeper.WaitForBarAfterAsync(Key("BTCUSDT"), Noon + 600);
        await StopAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await last);
    }
}
