using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Exchanges;
using Qmtl.Fetching.Http;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Unit.Fetching.Exchanges;

public sealed class BinanceFaultTests : IAsyncLifetime
{
    private const long Start = 1_704_067_200;
    private static readonly BarInterval Minute = BarInterval.Parse("1m");
    private static readonly StreamKey Bitcoin = new("BTCUSDT", Minute);
    private static readonly TimeRange Asked = new(Start, Start + (9 * 60));

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(Start + 86_400));
    private readonly SimulatedExchange _exchange;
    private readonly HttpFetcher _fetcher;

    public BinanceFaultTests()
    {
        _exchange = SimulatedExchange.Start(new() { Markets = [new GeneratedMarket("BTCUSDT", 60_000m)], TimeProvider = _clock });
        _fetcher = ExchangeCatalog.Get("binance").CreateFetcher(new() { BaseUri = _exchange.BaseUri }, _clock);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _exchange.DisposeAsync();

    [Theory]
    [InlineData(500, true, "may pass")]
    [InlineData(502, true, "may pass")]
    [InlineData(503, true, "may pass")]
    [InlineData(408, true, "may pass")]
    [InlineData(403, false, "firewall")]
    [InlineData(451, false, "location")]
    [InlineData(404, false, "base URI")]
    [InlineData(401, false, "asking again does not help")]
    public async Task An_error_status_says_what_it_means_and_whether_it_may_pass(int status, bool transient, string meaning)
    {
        SourceException error = await FailAsync(SimulatedFault.Status(status));

        Assert.Equal((transient, status, null), (error.IsTransient, error.StatusCode, error.RetryAfter));
        Assert.Contains(meaning, error.Message, StringComparison.Ordinal);
        Assert.Contains($"asked for BTCUSDT 1m, answered {status}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, 7, 7)]
    [InlineData(418, 200, 200)]
    [InlineData(503, 3, 3)]
    [InlineData(429, null, 10)]
    [InlineData(418, null, 120)]
    public async Task The_time_to_stay_away_is_told(int status, int? seconds, int expected)
    {
        SourceException error = await FailAsync(SimulatedFault.Status(status, seconds is { } s ? TimeSpan.FromSeconds(s) : null));

        Assert.Equal((true, status, TimeSpan.FromSeconds(expected)), (error.IsTransient, error.StatusCode, error.RetryAfter));
    }

    [Theory]
    [InlineData("""{"code":-1000,"msg":"Something odd"}""", "answered 500: -1000 Something odd. The fault is on its side")]
    [InlineData("""{"code":-1000,"msg":"Something odd."}""", "answered 500: -1000 Something odd. The fault is on its side")]
    [InlineData("oops", "'oops'). The fault is on its side")]
    public async Task What_the_exchange_said_and_what_it_means_are_sentences_of_their_own(string body, string expected)
    {
        SourceException error = await FailAsync(SimulatedFault.Status(500, body: body));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exchange_that_is_not_there_is_told_in_a_sentence()
    {
        await _exchange.DisposeAsync();

        var error = await Assert.ThrowsAsync<SourceException>(() => _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None));

        Assert.EndsWith(").", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_symbol_is_a_clear_error_that_is_not_retried()
    {
        var error = await Assert.ThrowsAsync<SourceException>(() => _fetcher.FetchAsync(new("NOSUCH", Minute), Asked, CancellationToken.None));

        Assert.Equal((false, 400), (error.IsTransient, error.StatusCode));
        Assert.Contains("asked for NOSUCH 1m, answered 400: -1121 Invalid symbol. Write the symbol as the exchange lists it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_page_in_place_of_candles_may_pass_and_is_shown_by_its_beginning()
    {
        SourceException error = await FailAsync(SimulatedFault.Html);

        Assert.Equal((true, 200), (error.IsTransient, error.StatusCode));
        Assert.Contains("answered 200 but no list of candles (text/html, '<html> <head><title>Service maintenance", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task A_body_is_shown_without_anything_a_terminal_could_obey()
    {
        SourceException error = await FailAsync(SimulatedFault.Status(200, body: "\u001b[2J\r\n\u202e" + new string('x', 500)));

        Assert.Contains(@"'\u001b[2J \u202exxx", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.InRange(error.Message.Length, 100, 350);
    }

    [Fact]
    public async Task An_object_in_place_of_the_list_may_pass() =>
        Assert.True((await FailAsync(SimulatedFault.JsonObject)).IsTransient);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[[1704067200000,\"1\"")]
    [InlineData("[] and more")]
    [InlineData("[[1704067200000,NaN]]")]
    public async Task Text_that_is_no_json_list_may_pass(string body) =>
        Assert.True((await FailAsync(SimulatedFault.Status(200, body: body))).IsTransient);

    [Fact]
    public async Task Half_a_body_may_pass_and_leaves_nothing_behind()
    {
        SourceException error = await FailAsync(SimulatedFault.HalfBody);

        Assert.True(error.IsTransient);
        Assert.Equal(10, (await _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None)).RowCount);
    }

    [Fact]
    public async Task A_connection_that_is_reset_may_pass()
    {
        // Every answer, because a client may ask again by itself where a connection had served before.
        _exchange.Faults.Rule = _ => SimulatedFault.ConnectionReset;

        var error = await Assert.ThrowsAsync<SourceException>(() => _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None));

        Assert.Equal((true, null), (error.IsTransient, error.StatusCode));
    }

    [Fact]
    public async Task An_exchange_that_does_not_answer_is_given_up_after_the_time_out()
    {
        _exchange.Faults.Enqueue(SimulatedFault.Stall);
        Task<RawBars> fetch = _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None);
        await UntilAskedAsync(fetch);

        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(fetch.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));

        var error = await Assert.ThrowsAsync<SourceException>(() => fetch);
        Assert.True(error.IsTransient);
        Assert.Contains("within 30 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_is_no_error_of_the_source()
    {
        using var cancellation = new CancellationTokenSource();
        _exchange.Faults.Enqueue(SimulatedFault.Stall);
        Task<RawBars> fetch = _fetcher.FetchAsync(Bitcoin, Asked, cancellation.Token);
        await UntilAskedAsync(fetch);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _fetcher.FetchAsync(Bitcoin, Asked, cancellation.Token));
        Assert.Equal(1, _exchange.RequestCount);
    }

    [Fact]
    public async Task Rows_outside_the_range_are_left_to_validation()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.RowsOutsideRange);

        Assert.Equal((10, 2L), (bars.Frame.Count, bars.Rejected[RejectionReason.OutsideRange]));
        Assert.True(bars.Silent.IsEmpty);
    }

    [Fact]
    public async Task Rows_off_the_grid_are_left_to_validation_and_their_bars_are_not_called_empty()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.RowsOffGrid with { Every = 4 });

        Assert.Equal((7, 3L, 0L), (bars.Frame.Count, bars.Rejected[RejectionReason.OffGrid], bars.Silent.BarCount));
    }

    [Fact]
    public async Task A_candle_that_opens_off_the_second_is_a_row_off_the_grid_and_spoils_only_its_own_bar()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.Status(
            200, body: "[[1704067200000,1,1,1,1,1,1704067259999,1,1,1,1,0],[1704067334789,1,1,1,1,1,1704067379999,1,1,1,1,0]]"));

        Assert.Equal((1, 1L, 0L), (bars.Frame.Count, bars.Rejected[RejectionReason.OffGrid], bars.Rejected[RejectionReason.MissingTimestamp]));
        Assert.Equal([Asked.Start], bars.Frame.Timestamps.ToArray());
        Assert.False(bars.Silent.Contains(Asked.Start + 120));
    }

    [Fact]
    public async Task Repeated_rows_are_taken_once()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.RepeatedRows);

        Assert.Equal((10, 4L), (bars.Frame.Count, bars.Rejected[RejectionReason.Duplicate]));
    }

    [Fact]
    public async Task Rows_out_of_order_are_put_in_order()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.RowsOutOfOrder);

        Assert.Equal((10, 0L), (bars.Frame.Count, bars.Rejected.Total));
    }

    [Fact]
    public async Task Fewer_rows_than_asked_say_nothing_of_the_rest()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.FewerRows(4));

        Assert.Equal((4, 0L, 6L), (bars.Frame.Count, bars.Silent.BarCount, bars.Unreached.BarCount));
        Assert.Equal(1, _exchange.RequestCount);
    }

    public static TheoryData<SimulatedFault> RowsWithWrongAmounts => [SimulatedFault.NotANumber, SimulatedFault.NullFields, SimulatedFault.TruncatedRows];

    [Theory]
    [MemberData(nameof(RowsWithWrongAmounts))]
    public async Task Rows_with_wrong_amounts_are_counted_and_their_bars_are_not_called_empty(SimulatedFault fault)
    {
        ValidatedBars bars = await FetchAsync(fault);

        Assert.Equal((6, 4L, 0L), (bars.Frame.Count, bars.Rejected[RejectionReason.NotANumber], bars.Silent.BarCount));
    }

    [Fact]
    public async Task Rows_without_a_time_are_counted_and_no_bar_is_called_empty()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.RowsWithoutOpenTime with { Every = 4 });

        Assert.Equal((7, 3L, 0L), (bars.Frame.Count, bars.Rejected[RejectionReason.MissingTimestamp], bars.Silent.BarCount));
    }

    [Theory]
    [InlineData("[1,\"a\",null,{},{\"a\":[1]}]", RejectionReason.Unreadable, 5)]
    [InlineData("[[],[null],[\"yesterday\"],[true],[[1704067200000]]]", RejectionReason.MissingTimestamp, 5)]
    [InlineData("[[1704067200000],[1704067260000,{},[],true]]", RejectionReason.NotANumber, 2)]
    [InlineData("[[1704067200000,\"1\",\"1\",\"1\",\"1\",\"1\",0,\"1\",\"abc\",\"1\",\"1\",\"0\"]]", RejectionReason.NotANumber, 1)]
    public async Task No_row_is_so_wrong_that_it_spoils_more_than_itself(string rows, RejectionReason reason, int count)
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.Status(200, body: rows));

        Assert.Equal((0, count), (bars.Frame.Count, bars.Rejected[reason]));
    }

    [Fact]
    public async Task Amounts_may_be_numbers_and_a_count_may_be_missing()
    {
        ValidatedBars bars = await FetchAsync(SimulatedFault.Status(200, body: "[[1704067200000,1.5,\"2e0\",1,1,0,1704067259999,0,null,0,0,0,\"more\"]]"));

        BarRow row = Assert.Single(bars.Frame.Rows);
        Assert.Equal((1.5, 2.0, null), (row["open"], row["high"], row["trades"]));
    }

    [Fact]
    public async Task An_exchange_that_repeats_full_pages_of_nonsense_is_not_asked_forever()
    {
        _exchange.Faults.Rule = _ => SimulatedFault.Status(200, body: "[[0],[0],[0],[0],[0],[0],[0],[0],[0],[0]]");

        RawBars bars = await _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None);

        Assert.Equal((10, 1), (bars.RowCount, _exchange.RequestCount));
    }

    private async Task<SourceException> FailAsync(SimulatedFault fault)
    {
        _exchange.Faults.Enqueue(fault);
        return await Assert.ThrowsAsync<SourceException>(() => _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None));
    }

    private async Task<ValidatedBars> FetchAsync(SimulatedFault fault)
    {
        _exchange.Faults.Enqueue(fault);
        return (await _fetcher.FetchAsync(Bitcoin, Asked, CancellationToken.None)).Validate(Minute, Asked, Asked.End);
    }

    private async Task UntilAskedAsync(Task fetch)
    {
        while (_exchange.Requests.Count == 0 && !fetch.IsCompleted)
        {
            await Task.Delay(1);
        }
    }
}
