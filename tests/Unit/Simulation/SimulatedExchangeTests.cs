using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Simulation;

public sealed class SimulatedExchangeTests : IDisposable
{
    private const long Start = 1_704_067_200;
    private readonly HttpClient _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_row_has_the_twelve_fields_of_Binance()
    {
        await using SimulatedExchange exchange = Trading(new GeneratedMarket("BTCUSDT", 60_000m));
        SimulatedCandle candle = exchange.Markets.Single().ReadAll(BarInterval.Parse("1m"), new TimeRange(Start, Start))[0];

        JsonElement row = Assert.Single(await RowsAsync(exchange, $"symbol=BTCUSDT&interval=1m&startTime={Start}000&endTime={Start}000"));

        Assert.Equal(12, row.GetArrayLength());
        Assert.Equal(Start * 1000, row[0].GetInt64());
        Assert.Matches(@"^\d+\.\d{8}$", row[1].GetString());
        Assert.Equal(SimulatedCandle.ToDouble(candle.Open), Number(row[1]));
        Assert.Equal(SimulatedCandle.ToDouble(candle.High), Number(row[2]));
        Assert.Equal(SimulatedCandle.ToDouble(candle.Low), Number(row[3]));
        Assert.Equal(SimulatedCandle.ToDouble(candle.Close), Number(row[4]));
        Assert.Equal(SimulatedCandle.ToDouble(candle.Volume), Number(row[5]));
        Assert.Equal(((Start + 60) * 1000) - 1, row[6].GetInt64());
        Assert.Equal(candle.Trades, row[8].GetInt64());
    }

    [Theory]
    [InlineData("", 500)]
    [InlineData("&limit=7", 7)]
    [InlineData("&limit=1000", 1000)]
    [InlineData("&limit=5000", 1000)]
    public async Task Rows_are_limited(string limit, int expected)
    {
        await using SimulatedExchange exchange = Trading(new GeneratedMarket("BTCUSDT"));

        Assert.Equal(expected, (await RowsAsync(exchange, $"symbol=BTCUSDT&interval=1m&startTime={Start}000{limit}")).Count);
    }

    [Fact]
    public async Task Start_and_end_are_milliseconds_and_both_inside()
    {
        await using SimulatedExchange exchange = Trading(new GeneratedMarket("BTCUSDT"));

        Assert.Equal(3, (await RowsAsync(exchange, $"symbol=BTCUSDT&interval=1m&startTime={Start}000&endTime={Start + 120}000")).Count);
        Assert.Single(await RowsAsync(exchange, $"symbol=BTCUSDT&interval=1m&startTime={Start}001&endTime={Start + 119}999"));
    }

    [Fact]
    public async Task The_bar_still_forming_is_given_and_differs_from_the_closed_one()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start + 90));
        await using SimulatedExchange exchange = Trading(clock, new GeneratedMarket("BTCUSDT"));
        string query = $"symbol=BTCUSDT&interval=1m&startTime={Start}000";

        List<JsonElement> forming = await RowsAsync(exchange, query);
        clock.Advance(TimeSpan.FromSeconds(30));
        List<JsonElement> closed = await RowsAsync(exchange, query);

        Assert.Equal((2, 3), (forming.Count, closed.Count));
        Assert.Equal(Number(closed[1][5]) / 2, Number(forming[1][5]), 1e-6);
    }

    [Fact]
    public async Task Without_a_start_the_latest_rows_are_given()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start + 59));
        await using SimulatedExchange exchange = Trading(clock, new GeneratedMarket("BTCUSDT"));

        List<JsonElement> rows = await RowsAsync(exchange, "symbol=BTCUSDT&interval=1m&limit=3");

        Assert.Equal([Start - 120, Start - 60, Start], rows.Select(row => row[0].GetInt64() / 1000));
    }

    [Theory]
    [InlineData("symbol=NOPE&interval=1m", -1121)]
    [InlineData("symbol=BTCUSDT&interval=7m", -1120)]
    [InlineData("symbol=BTCUSDT&interval=1s", -1120)]
    [InlineData("symbol=BTCUSDT", -1102)]
    [InlineData("interval=1m", -1102)]
    [InlineData("symbol=btcusdt&interval=1m", -1100)]
    [InlineData("symbol=BTCUSDT&interval=1m&startTime=soon", -1100)]
    public async Task A_wrong_query_is_answered_with_400_and_the_code_of_Binance(string query, int code)
    {
        await using SimulatedExchange exchange = Trading(new GeneratedMarket("BTCUSDT"));

        using HttpResponseMessage response = await _client.GetAsync(new Uri(exchange.BaseUri, "api/v3/klines?" + query));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(code, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Weight_beyond_the_limit_is_refused_first_with_429_and_then_with_418_until_the_ban_ends()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start));
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")], TimeProvider = clock, WeightPerMinute = 4, RequestsBeforeBan = 2 });

        var seen = new List<(int Status, string? Used, double? RetryAfter)>();
        foreach (double seconds in new[] { 0, 10, 20, 0, 0, 0, 119, 1 })
        {
            clock.Advance(TimeSpan.FromSeconds(seconds));
            using HttpResponseMessage response = await _client.GetAsync(new Uri(exchange.BaseUri, "api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1"));
            seen.Add(((int)response.StatusCode, response.Headers.GetValues("X-MBX-USED-WEIGHT-1M").Single(), response.Headers.RetryAfter?.Delta?.TotalSeconds));
        }

        Assert.Equal([(200, "2", null), (200, "4", null), (429, "4", 30), (429, "4", 30), (429, "4", 30), (418, "4", 120), (418, "4", 1), (200, "2", null)], seen);
        Assert.Equal(8, exchange.RequestCount);
    }

    [Fact]
    public async Task Requests_are_kept_up_to_the_capacity_of_the_log()
    {
        await using var exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT")], RequestLogCapacity = 2 });
        for (int i = 0; i < 3; i++)
        {
            await RowsAsync(exchange, $"symbol=BTCUSDT&interval=1m&startTime={Start + i}000&endTime={Start + 60}000&limit=5");
        }

        Assert.Equal(3, exchange.RequestCount);
        Assert.Equal([2, 3], exchange.Requests.Select(request => request.Number));
        SimulatedRequest last = exchange.Requests[^1];
        Assert.Equal(("BTCUSDT", "1m", Start + 2, Start + 60, 5, 200), (last.Symbol, last.Interval, last.Start, last.End, last.Limit, last.Status));
    }

    [Fact]
    public async Task Faults_come_from_the_queue_first_and_then_from_the_rule()
    {
        await using SimulatedExchange exchange = Trading(new GeneratedMarket("BTCUSDT"));
        exchange.Faults.Enqueue(SimulatedFault.Status(503), times: 2);
        exchange.Faults.Enqueue(null);
        exchange.Faults.Rule = request => request.Number == 5 ? SimulatedFault.Status(500) : null;

        var statuses = new List<int>();
        for (int i = 0; i < 6; i++)
        {
            using HttpResponseMessage response = await _client.GetAsync(new Uri(exchange.BaseUri, "api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1"));
            statuses.Add((int)response.StatusCode);
        }

        Assert.Equal([503, 503, 200, 200, 500, 200], statuses);
    }

    [Fact]
    public async Task Many_requests_at_once_are_all_answered_alike()
    {
        await using SimulatedExchange exchange = Trading(new GeneratedMarket("BTCUSDT"));
        var uri = new Uri(exchange.BaseUri, $"api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={Start}000&limit=1000");

        string[] bodies = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => _client.GetStringAsync(uri)));

        Assert.Single(bodies.Distinct());
    }

    [Fact]
    public async Task Exchanges_can_run_side_by_side_and_be_disposed_while_a_request_stalls()
    {
        SimulatedExchange first = Trading(new GeneratedMarket("BTCUSDT"));
        await using SimulatedExchange second = Trading(new GeneratedMarket("BTCUSDT"));
        first.Faults.Enqueue(SimulatedFault.Stall);
        Task<string> stalled = _client.GetStringAsync(new Uri(first.BaseUri, "api/v3/klines?symbol=BTCUSDT&interval=1m"));
        while (first.Requests.Count == 0)
        {
            await Task.Yield();
        }

        await first.DisposeAsync();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stalled);
        Assert.NotEmpty(await RowsAsync(second, "symbol=BTCUSDT&interval=1m"));
    }

    private static SimulatedExchange Trading(params ISimulatedMarket[] markets) => Trading(TimeProvider.System, markets);

    private static SimulatedExchange Trading(TimeProvider clock, params ISimulatedMarket[] markets) =>
        SimulatedExchange.Start(new SimulatedExchangeOptions { Markets = markets, TimeProvider = clock });

    private static double Number(JsonElement field) => double.Parse(field.GetString()!, CultureInfo.InvariantCulture);

    private async Task<List<JsonElement>> RowsAsync(SimulatedExchange exchange, string query)
    {
        string body = await _client.GetStringAsync(new Uri(exchange.BaseUri, "api/v3/klines?" + query));
        return [.. JsonDocument.Parse(body).RootElement.EnumerateArray()];
    }
}
