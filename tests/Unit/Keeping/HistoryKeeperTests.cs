using Qmtl.Keeping;
using Qmtl.Simulation.Faults;

namespace Qmtl.Unit.Keeping;

public sealed class HistoryKeeperTests : KeeperTestBase
{
    private const long Noon = NewYear + (12 * 3600);

    [Fact]
    public async Task New_bars_come_as_they_close_and_the_history_behind_them()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT", "ETHUSDT");
        KeptSource source = Source(exchange);
        Start(Declare(Kept("BTCUSDT", source), Kept("ETHUSDT", source)));

        await PassAsync(TimeSpan.FromMinutes(5));

        await AssertCompleteAsync(exchange, "BTCUSDT", NewYear, Noon + (4 * 60));
        await AssertCompleteAsync(exchange, "ETHUSDT", NewYear, Noon + (4 * 60));
        Assert.All(Outcomes, outcome => Assert.Null(outcome.Result.Error));
    }

    [Fact]
    public async Task A_bar_is_asked_for_once_it_has_closed_and_never_before()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: Noon, compare: 0)));

        await PassAsync(TimeSpan.FromMinutes(10));

        // The minute after noon has not closed when the keeper starts.
        Assert.Equal(10, exchange.Requests.Count);
        Assert.All(exchange.Requests, request => Assert.Equal(2, request.Time.ToUnixTimeSeconds() % 60));
        Assert.Equal(10, (await StoredAsync("BTCUSDT")).Length);
    }

    [Fact]
    public async Task The_newest_bars_come_first()
    {
        await using ChangingExchange exchange = StartExchange("BTCUSDT");
        Start(Declare(Kept("BTCUSDT", Source(exchange), start: NewYear - (5 * 86_400))));

        await PassAsync(TimeSpan.FromSeconds(20));

        SimulatedRequest[] requests = [.. exchange.Requests];
        Assert.Equal(Noon - 60, requests[0].End!.Value / 60 * 60);
        Assert.True(requests.Length > 6, "The history takes several pages.");
        await AssertCompleteAsync(exchange, "BTCUSDT", NewYear - (5 * 86_400), Noon - 60);
    }
}
